"""What is registered of a resource, what may be applied for when, and how the times of the procedure run. Pure.

The procedure is that of 公共数据资源登记管理暂行办法 (发改数据规〔2025〕26号): apply 申请, accept 受理, formal review
形式审核, public notice 公示, code 赋码; four types of registration, and renewal before the validity ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from infra.digest import json_digest
from infra.identifiers import check_digits_fit, letters_and_digits, with_check_digits
from infra.labels import Label
from infra.messages import Message, joined
from infra.years import years_later
from listings.registrations.errors import ContentRefused, KindNotApplicable
from listings.resources.registration import RegistrationStatus

PREFIX = "DR"
"""What every code of a registered resource begins with."""

_CODE_LENGTH = 16


class RegistrationKind(StrEnum):
    """What is applied for."""

    INITIAL = "initial"
    CHANGE = "change"
    CORRECTION = "correction"
    RENEWAL = "renewal"
    CANCELLATION = "cancellation"


KIND_LABELS = {
    RegistrationKind.INITIAL: Label("首次登记", "Initial registration"),
    RegistrationKind.CHANGE: Label("变更登记", "Change"),
    RegistrationKind.CORRECTION: Label("更正登记", "Correction"),
    RegistrationKind.RENEWAL: Label("续展登记", "Renewal"),
    RegistrationKind.CANCELLATION: Label("注销登记", "Cancellation"),
}


class RefusalGround(StrEnum):
    """Why a registration is refused for good."""

    UNLAWFUL_CORE_DATA = "unlawful_core_data"
    SOURCE_MISSING = "source_missing"
    SOURCE_UNLAWFUL = "source_unlawful"
    DISPUTE_UNRESOLVED = "dispute_unresolved"
    NOT_THE_HOLDER = "not_the_holder"
    OTHER = "other"


GROUND_LABELS = {
    RefusalGround.UNLAWFUL_CORE_DATA: Label(
        "涉及国家核心数据", "National core data that may not be registered"
    ),
    RefusalGround.SOURCE_MISSING: Label("缺少来源说明", "The source is not stated"),
    RefusalGround.SOURCE_UNLAWFUL: Label("来源不合法", "The source is not lawful"),
    RefusalGround.DISPUTE_UNRESOLVED: Label("存在未解决的权属争议", "A dispute over it is not resolved"),
    RefusalGround.NOT_THE_HOLDER: Label("申请人不是持有单位", "The applicant does not hold it"),
    RefusalGround.OTHER: Label("其他", "Other"),
}

CONTENT = (
    "title_zh",
    "title_en",
    "description_zh",
    "description_en",
    "domain",
    "update_frequency",
    "classification",
    "personal_information",
    "source_statement",
    "responsible_department",
    "responsible_person",
)
"""What a registration makes valid, field by field."""

CORRECTABLE = (
    "title_zh",
    "title_en",
    "description_zh",
    "description_en",
    "responsible_department",
    "responsible_person",
)
"""What a correction may mend: slips of the pen. Whatever decides on what may be done with the data takes a change."""

_WITH_CONTENT = frozenset({RegistrationKind.INITIAL, RegistrationKind.CHANGE, RegistrationKind.CORRECTION})

_POSSIBLE: Mapping[RegistrationStatus, tuple[RegistrationKind, ...]] = {
    RegistrationStatus.DRAFT: (RegistrationKind.INITIAL,),
    RegistrationStatus.GRACE: (RegistrationKind.INITIAL,),
    RegistrationStatus.IN_FORCE: (
        RegistrationKind.CHANGE,
        RegistrationKind.CORRECTION,
        RegistrationKind.RENEWAL,
        RegistrationKind.CANCELLATION,
    ),
    RegistrationStatus.EXPIRED: (RegistrationKind.RENEWAL, RegistrationKind.CANCELLATION),
    RegistrationStatus.LAPSED: (RegistrationKind.INITIAL,),
    RegistrationStatus.CANCELLED: (RegistrationKind.INITIAL,),
}


def require_applicable(
    kind: RegistrationKind, status: RegistrationStatus, *, now: datetime, renewable_from: datetime | None
) -> None:
    """Refuse an application that what is registered does not allow.

    :param renewable_from: from when on the validity may be renewed; None where there is none.
    :raises KindNotApplicable: and says what can be applied for instead.
    """
    possible = _POSSIBLE[status]
    if kind not in possible:
        raise KindNotApplicable(
            Message(
                "The registration of the resource is {status}: no {kind} of it.", status=status, kind=kind
            ),
            remedy=Message("What can be applied for now: {kinds}.", kinds=joined(possible, ", ")),
            registration_status=status.value,
        )
    if kind is RegistrationKind.RENEWAL and renewable_from is not None and now < renewable_from:
        raise KindNotApplicable(
            Message(
                "The registration can be renewed from {renewable_from} on.",
                renewable_from=renewable_from.isoformat(),
            ),
            remedy=Message("Apply then; a reminder is sent."),
            registration_status=status.value,
        )


def require_content(
    kind: RegistrationKind, wanted: Mapping[str, Any] | None, in_force: Mapping[str, Any]
) -> dict[str, Any]:
    """The content that an application is for: what is wanted, or what is in force where the kind changes none of it.

    :param wanted: all of `CONTENT`, in JSON; None where nothing was given.
    :param in_force: the same of the resource as it is.
    :raises ContentRefused: content is missing, not wanted, unchanged, or more than slips of the pen.
    """
    if kind not in _WITH_CONTENT:
        if wanted is not None:
            raise ContentRefused(
                Message("A {kind} changes nothing of the content.", kind=kind),
                remedy=Message("Leave content out; apply for a change afterwards, or before."),
            )
        return dict(in_force)
    if wanted is None:
        raise ContentRefused(
            Message("A {kind} says what is to be registered.", kind=kind),
            remedy=Message("Give content, all of it."),
        )
    differing = changed(in_force, wanted)
    if kind is not RegistrationKind.INITIAL and not differing:
        raise ContentRefused(
            Message("The content is what is registered already."),
            remedy=Message("Change something, or renew the registration with the kind renewal."),
        )
    beyond = [name for name in differing if name not in CORRECTABLE]
    if kind is RegistrationKind.CORRECTION and beyond:
        raise ContentRefused(
            Message("A correction does not touch {fields}.", fields=", ".join(beyond)),
            remedy=Message("Apply for a change, or leave these fields as they are."),
            fields=beyond,
        )
    return {name: wanted[name] for name in CONTENT}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields of the content that differ, in the order of `CONTENT`."""
    return [name for name in CONTENT if before.get(name) != after.get(name)]


def content_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content as JSON with sorted keys and no white space."""
    return json_digest(dict(content)).hex()


def make_code(year: int, number: int) -> str:
    """The code of a registration: DR, two check digits (ISO 7064 mod 97-10), the year and a running number."""
    return with_check_digits(PREFIX, f"{year:04}{number:08}")


def read_code(text: str) -> str | None:
    """A code as somebody typed it, in its one form; None for what is no code, or mistyped."""
    code = letters_and_digits(text)
    if len(code) != _CODE_LENGTH or not code.startswith(PREFIX) or not code[2:].isdigit():
        return None
    return code if check_digits_fit(code) else None


def end_of_working_day(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The end of the last of some working days, of which the day after `moment` is the first that can be one.

    Working days are Monday to Friday. Public holidays are not known: a rule that means to leave them out says more.

    :param days: 0 for `moment` itself.
    """
    if days == 0:
        return moment
    day = moment.astimezone(zone).date()
    left = days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return datetime.combine(day + timedelta(days=1), time(), zone)


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a registration is in force, half-open."""

    valid_from: datetime
    valid_until: datetime


def validity_of(
    kind: RegistrationKind, *, now: datetime, years: int, valid_from: datetime, valid_until: datetime
) -> Validity:
    """From when until when a registration is in force once an application of this kind is completed.

    A renewal adds to what is left; after the end it counts from now. A cancellation ends it now.

    :param valid_from: of what is registered; like ``valid_until`` without meaning for an initial registration.
    """
    match kind:
        case RegistrationKind.INITIAL:
            return Validity(now, years_later(now, years))
        case RegistrationKind.RENEWAL:
            return Validity(valid_from, years_later(max(now, valid_until), years))
        case RegistrationKind.CANCELLATION:
            return Validity(valid_from, min(now, valid_until))
        case RegistrationKind.CHANGE | RegistrationKind.CORRECTION:
            return Validity(valid_from, valid_until)


class VersionStatus(StrEnum):
    """How one version of a registration stands."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


def version_status(
    kind: RegistrationKind, valid_until: datetime, *, newest: bool, now: datetime
) -> VersionStatus:
    """How a version stands.

    :param newest: no later version has the same code.
    """
    if not newest:
        return VersionStatus.SUPERSEDED
    if kind is RegistrationKind.CANCELLATION:
        return VersionStatus.CANCELLED
    return VersionStatus.IN_FORCE if now < valid_until else VersionStatus.EXPIRED


def local_year(moment: datetime, zone: ZoneInfo) -> int:
    """The year that a moment lies in, where the market is."""
    return moment.astimezone(zone).year
