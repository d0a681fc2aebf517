"""What an owner may grant to an operator: scope, term, consideration and the split of revenue.

The rules are those of 公共数据资源授权运营实施规范(试行) (发改数据规〔2025〕27号): whole-domain, by-field or
by-scenario authorisation, and an operator's term capped (five years, a rulebook parameter). It takes three sides, each
by a person of its own: the source agency that holds the data, the authorising body and the operator. Exclusivity is
held by the database: every authorisation is spread over cells, and an exclusion constraint lets no other
cell overlap an exclusive one (see `cells`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from infra.labels import Label
from infra.messages import Message, joined
from infra.years import years_later
from listings.authorisations.errors import (
    ConsiderationRefused,
    ModeRefused,
    ScopeRefused,
    SharesRefused,
    TermRefused,
)
from listings.authorisations.regions import regions_outside, require_regions
from pricing.regulated.purposes import PurposeClass

WHOLE = 1_000_000_000
"""Exclusive upper bound of a lane or scenario range that stands for all of them."""

MAX_CELLS = 1000
"""Most cells one authorisation may cover: resources × scenarios × regions."""

SHARE_TOTAL = 10_000
"""Basis points in the whole revenue."""


class Mode(StrEnum):
    """How far an authorisation reaches: 整体授权, 分领域授权, 依场景授权."""

    BY_FIELD = "by_field"
    BY_SCENARIO = "by_scenario"
    WHOLE_DOMAIN = "whole_domain"


MODE_LABELS = {
    Mode.BY_FIELD: Label("分领域授权", "by field"),
    Mode.BY_SCENARIO: Label("依场景授权", "by scenario"),
    Mode.WHOLE_DOMAIN: Label("整体授权", "whole domain"),
}


class AuthorisationSide(StrEnum):
    """Who signs an authorisation, in the order of their steps."""

    SOURCE_AGENCY = "source_agency"
    AUTHORISING_BODY = "authorising_body"
    OPERATOR = "operator"


class SignatureDecision(StrEnum):
    """What a side decided about an authorisation that was put to it."""

    DECLINED = "declined"
    SIGNED = "signed"


class Procedure(StrEnum):
    """By which steps an authorisation came about; two sides signed before authorising bodies took part."""

    THREE_PARTY = "three_party"
    TWO_PARTY = "two_party"


class Scenario(StrEnum):
    """The field of use that is authorised; `ALL` is every one of them, as the whole-domain mode has it."""

    ALL = "all"
    INCLUSIVE_FINANCE = "inclusive_finance"
    URBAN_GOVERNANCE = "urban_governance"
    TRANSPORT_SERVICES = "transport_services"
    HEALTH_SERVICES = "health_services"
    ENVIRONMENTAL_SERVICES = "environmental_services"
    COMMERCE = "commerce"
    INSURANCE = "insurance"
    AGRICULTURE = "agriculture"
    CULTURE_AND_TOURISM = "culture_and_tourism"
    INDUSTRY = "industry"
    RESEARCH = "research"
    EMPLOYMENT = "employment"
    EDUCATION = "education"


SCENARIO_LABELS = {
    Scenario.ALL: Label("全部场景", "all scenarios"),
    Scenario.INCLUSIVE_FINANCE: Label("普惠金融", "inclusive finance"),
    Scenario.URBAN_GOVERNANCE: Label("城市治理", "urban governance"),
    Scenario.TRANSPORT_SERVICES: Label("交通出行", "transport services"),
    Scenario.HEALTH_SERVICES: Label("医疗健康", "health services"),
    Scenario.ENVIRONMENTAL_SERVICES: Label("生态环境服务", "environmental services"),
    Scenario.COMMERCE: Label("商贸流通", "commerce"),
    Scenario.INSURANCE: Label("保险", "insurance"),
    Scenario.AGRICULTURE: Label("现代农业", "agriculture"),
    Scenario.CULTURE_AND_TOURISM: Label("文化旅游", "culture and tourism"),
    Scenario.INDUSTRY: Label("工业制造", "industry"),
    Scenario.RESEARCH: Label("科研创新", "research"),
    Scenario.EMPLOYMENT: Label("就业服务", "employment"),
    Scenario.EDUCATION: Label("教育服务", "education"),
}

_SCENARIO_NUMBERS = {
    Scenario.INCLUSIVE_FINANCE: 1,
    Scenario.URBAN_GOVERNANCE: 2,
    Scenario.TRANSPORT_SERVICES: 3,
    Scenario.HEALTH_SERVICES: 4,
    Scenario.ENVIRONMENTAL_SERVICES: 5,
    Scenario.COMMERCE: 6,
    Scenario.INSURANCE: 7,
    Scenario.AGRICULTURE: 8,
    Scenario.CULTURE_AND_TOURISM: 9,
    Scenario.INDUSTRY: 10,
    Scenario.RESEARCH: 11,
    Scenario.EMPLOYMENT: 12,
    Scenario.EDUCATION: 13,
}
# Stored in cells: a number, once given, is never given to another scenario.


class Consideration(StrEnum):
    """What the owner receives for the authorisation (有偿方式).

    Offered is what settlement carries out, see `OFFERED`; the others stand in authorisations of before.
    """

    REVENUE_SHARE = "revenue_share"
    CASH_FEE = "cash_fee"
    RESOURCE_FOR_SERVICE = "resource_for_service"
    POST_HOC_SUBSIDY = "post_hoc_subsidy"
    LOAN_INTEREST_SUBSIDY = "loan_interest_subsidy"


CONSIDERATION_LABELS = {
    Consideration.REVENUE_SHARE: Label("收益分成", "share of revenue"),
    Consideration.CASH_FEE: Label("授权费", "cash fee"),
    Consideration.RESOURCE_FOR_SERVICE: Label("资源换服务", "resource for service"),
    Consideration.POST_HOC_SUBSIDY: Label("事后补助", "subsidy afterwards"),
    Consideration.LOAN_INTEREST_SUBSIDY: Label("贷款贴息", "subsidy of loan interest"),
}


OFFERED = (Consideration.REVENUE_SHARE,)
"""The ways of consideration that have effect, and so can be agreed."""


def require_offered(consideration: Consideration) -> None:
    """Refuse a consideration that nothing would carry out.

    :raises ConsiderationRefused: says which can be agreed.
    """
    if consideration not in OFFERED:
        raise ConsiderationRefused(
            Message(
                "Nothing here settles the consideration {consideration} yet, so it cannot be agreed.",
                consideration=consideration,
            ),
            remedy=Message(
                "Use {offered} and agree the owner's part in `shares`.",
                offered=joined(OFFERED, ", "),
            ),
            offered=[one.value for one in OFFERED],
        )


def require_mode(
    mode: Mode,
    scenarios: Collection[Scenario],
    domains: Collection[str] | None,
    resource_domains: Iterable[str],
) -> None:
    """Refuse a mode that the scope does not bear out.

    The whole domain is every scenario; a field is a domain that resources are registered
    under, and the resources are those of the domains that are named; by scenario names the scenarios.

    :param domains: named by the authorisation; None but in the mode by field.
    :param resource_domains: the `domain` that each resource is registered under.
    :raises ModeRefused: names what does not fit.
    """
    if (mode is Mode.BY_FIELD) != bool(domains):
        raise ModeRefused(
            Message("`domains` goes with the mode by_field, and only with it."),
            remedy=Message("Name the resources' domains in `domains` with by_field; leave it out otherwise."),
        )
    if mode is Mode.WHOLE_DOMAIN and set(scenarios) != {Scenario.ALL}:
        raise ModeRefused(
            Message("An authorisation of the whole domain is for every scenario."),
            remedy=Message('Send "scenarios": ["all"], or use the mode by_scenario or by_field.'),
        )
    if mode is Mode.BY_SCENARIO and Scenario.ALL in scenarios:
        raise ModeRefused(
            Message("An authorisation by scenario names its scenarios."),
            remedy=Message("Name them in `scenarios` instead of 'all', or use the mode whole_domain."),
        )
    if domains:
        found = set(resource_domains)
        if found != set(domains):
            odd = min(found ^ set(domains))
            raise ModeRefused(
                Message("No resource is registered under {domain!r}.", domain=odd)
                if odd in set(domains)
                else Message(
                    "A resource is registered under {domain!r}, which is none of the domains.", domain=odd
                ),
                remedy=Message(
                    "The domains of these resources are: {domains}.", domains=", ".join(sorted(found))
                ),
            )


@dataclass(frozen=True, slots=True)
class Shares:
    """How revenue is split, in basis points of it; the three sum to `SHARE_TOTAL`."""

    owner: int
    operator: int
    platform: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What an authorisation gives for one of its resources, with every link it rests on.

    The term is half-open; `columns` None means all columns. `owner_id` is the resource's owner, whose consent it rests
    on and whose share it is; `authorising_body_id` is None where two sides signed, before authorising bodies took part.
    """

    authorisation_id: UUID
    version: int
    mode: Mode
    resource_id: UUID
    right_id: UUID
    owner_id: UUID
    authorising_body_id: UUID | None
    operator_id: UUID
    columns: tuple[str, ...] | None
    scenarios: tuple[Scenario, ...]
    regions: tuple[str, ...]
    purposes: tuple[PurposeClass, ...]
    valid_from: datetime
    valid_until: datetime
    exclusive: bool
    consideration: Consideration
    shares: Shares

    @property
    def links(self) -> tuple[UUID, ...]:
        """Ids of everything a stop on which ends what rests on this grant."""
        return (self.authorisation_id, self.resource_id, self.right_id, self.owner_id, self.operator_id)


def require_term(valid_from: datetime, valid_until: datetime, *, now: datetime, max_years: int) -> None:
    """Refuse a term [valid_from, valid_until) that is none, is over, or is longer than `max_years`.

    A term of exactly `max_years` calendar years is allowed.

    :raises TermRefused: names which of the three.
    """
    if valid_until <= valid_from:
        raise TermRefused(
            Message("valid_until is not after valid_from."),
            remedy=Message("Give an end after the beginning."),
        )
    if valid_until <= now:
        raise TermRefused(Message("The term is over already."), remedy=Message("Give an end in the future."))
    if valid_until > years_later(valid_from, max_years):
        raise TermRefused(
            Message("The term is longer than {max_years} years.", max_years=max_years),
            remedy=Message(
                "End it by {valid_from}.", valid_from=years_later(valid_from, max_years).isoformat()
            ),
            max_term_years=max_years,
        )


def require_shares(shares: Shares) -> None:
    """Refuse shares that are negative or do not sum to `SHARE_TOTAL` basis points.

    :raises SharesRefused: they do not.
    """
    parts = (shares.owner, shares.operator, shares.platform)
    if min(parts) < 0 or sum(parts) != SHARE_TOTAL:
        raise SharesRefused(
            Message("The shares sum to {parts} basis points.", parts=sum(parts)),
            remedy=Message(
                "Give three shares of 0 or more that sum to {share_total}.", share_total=SHARE_TOTAL
            ),
        )


@dataclass(frozen=True, slots=True)
class CoveredResource:
    """A resource of an authorisation, whose it is, and the right to hold it that it rests on."""

    resource_id: UUID
    owner_id: UUID
    right_id: UUID


@dataclass(frozen=True, slots=True)
class Cell:
    """One resource × scenario × region; ranges are half-open [low, high) over dense numbers.

    :ivar scenario: the scenario's number, or all of them.
    :ivar region: six-digit division codes (GB/T 2260): a province covers its prefectures and counties.
    """

    resource_id: UUID
    resource: tuple[int, int]
    scenario: tuple[int, int]
    region: tuple[int, int]


def cells(
    resources: Iterable[tuple[UUID, int]], scenarios: Sequence[Scenario], regions: Sequence[str]
) -> list[Cell]:
    """Spread a scope over cells, so that overlap of scopes is overlap of number ranges.

    :param resources: id and dense number of each resource.
    :raises ScopeRefused: nothing is covered, `ALL` stands beside other scenarios, regions overlap one
        another, or there are more than `MAX_CELLS` cells.
    """
    if Scenario.ALL in scenarios and len(scenarios) > 1:
        raise ScopeRefused(
            Message("'all' already covers the other scenarios."),
            remedy=Message("Name 'all' alone, or leave it out."),
        )
    areas = require_regions(regions)
    spread = [
        Cell(resource_id, (number, number + 1), scenario_range(scenario), area)
        for resource_id, number in sorted(set(resources), key=lambda item: item[1])
        for scenario in sorted(set(scenarios))
        for area in areas
    ]
    if not 0 < len(spread) <= MAX_CELLS:
        raise ScopeRefused(
            Message(
                "The scope has {count} combinations of resource, scenario and region.", count=len(spread)
            ),
            remedy=Message(
                "Name at least one of each, and no more than {max_cells} combinations.", max_cells=MAX_CELLS
            ),
        )
    return spread


def scenarios_outside(codes: Iterable[str], authorised: Collection[str]) -> list[str]:
    """Those of the scenarios that the authorised ones do not cover, in order; `ALL` covers every one."""
    return [] if Scenario.ALL in authorised else sorted(set(codes) - set(authorised))


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be used of which resources, where, for what and until when; `columns` None means all."""

    resource_ids: frozenset[UUID]
    columns: frozenset[str] | None
    scenarios: tuple[str, ...]
    regions: tuple[str, ...]
    purposes: frozenset[str]
    valid_until: datetime

    def lies_within(self, other: "Scope") -> bool:
        """Whether no part of it is outside the other."""
        return (
            self.resource_ids <= other.resource_ids
            and (other.columns is None or (self.columns is not None and self.columns <= other.columns))
            and not scenarios_outside(self.scenarios, other.scenarios)
            and not regions_outside(self.regions, other.regions)
            and self.purposes <= other.purposes
            and self.valid_until <= other.valid_until
        )


def scenario_range(scenario: Scenario) -> tuple[int, int]:
    """The half-open range of scenario numbers that a scenario covers."""
    if scenario is Scenario.ALL:
        return (0, WHOLE)
    number = _SCENARIO_NUMBERS[scenario]
    return (number, number + 1)


def lane(number: int, *, exclusive: bool) -> tuple[int, int]:
    """The range that makes exclusivity a matter of overlap.

    A shared authorisation keeps to a lane of its own, an exclusive one takes all lanes: two shared ones
    never meet, and an exclusive one meets every other.

    :param number: dense number of the authorisation, unique.
    """
    return (0, WHOLE) if exclusive else (number, number + 1)
