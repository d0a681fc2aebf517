"""What a data resource is, and which resources may ever be listed.

Classification follows GB/T 43697-2024: general (一般), important (重要), core (核心). Core data never
leaves the state's own hands; important data may only be provided after a risk assessment
(数据安全法 art. 21 and 30, 网络数据安全管理条例 art. 31).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from infra.labels import Label
from infra.messages import Message
from infra.rulebook.domain import Rules
from listings.resources.errors import NotListable, UnknownTheme


class Classification(StrEnum):
    """Level of a resource under GB/T 43697-2024, the strictest of its fields (就高从严)."""

    GENERAL = "GENERAL"
    IMPORTANT = "IMPORTANT"
    CORE = "CORE"


class UpdateFrequency(StrEnum):
    """How often new data is promised: the freshness promise a buyer may hold the operator to."""

    REALTIME = "realtime"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    IRREGULAR = "irregular"
    STATIC = "static"


class ThemeAxis(StrEnum):
    """An axis of the taxonomy: 基础库 hold what others refer to, 主题库 what a field of use needs."""

    BASE = "base"
    THEME = "theme"


THEME_AXIS_LABELS = {
    ThemeAxis.BASE: Label("基础库", "base library"),
    ThemeAxis.THEME: Label("主题库", "theme library"),
}


@dataclass(frozen=True, slots=True)
class Theme(Label):
    """A code of the taxonomy: its labels, and the axis it lies on."""

    axis: ThemeAxis


class AssessmentKind(StrEnum):
    """What an assessment on file is of: the risk of providing important data (数据安全法 art. 30)."""

    RISK = "risk"


ASSESSMENT_LABELS = {AssessmentKind.RISK: Label("风险评估", "Risk assessment")}

CLASSIFICATION_LABELS = {
    Classification.GENERAL: Label("一般数据", "general data"),
    Classification.IMPORTANT: Label("重要数据", "important data"),
    Classification.CORE: Label("核心数据", "core data"),
}

_BASE_LIBRARIES = {
    "population": Label("人口", "Population"),
    "legal_entities": Label("法人", "Legal entities"),
    "geography": Label("空间地理", "Geography"),
    "natural_resources": Label("自然资源", "Natural resources"),
    "e_licences": Label("电子证照", "Electronic licences"),
}
_THEME_LIBRARIES = {
    "economy": Label("经济运行", "Economy"),
    "environment": Label("生态环境", "Environment"),
    "weather": Label("气象", "Weather"),
    "transport": Label("交通运输", "Transport"),
    "health": Label("医疗健康", "Health"),
    "education": Label("教育", "Education"),
    "culture": Label("文化旅游", "Culture and tourism"),
    "agriculture": Label("农业农村", "Agriculture"),
    "energy": Label("能源", "Energy"),
    "housing": Label("城乡建设", "Housing and construction"),
    "public_safety": Label("公共安全", "Public safety"),
    "market_supervision": Label("市场监管", "Market supervision"),
    "social_credit": Label("社会信用", "Social credit"),
    "other": Label("其他", "Other"),
}
THEMES: Mapping[str, Theme] = MappingProxyType(
    {code: Theme(label.zh, label.en, ThemeAxis.BASE) for code, label in _BASE_LIBRARIES.items()}
    | {code: Theme(label.zh, label.en, ThemeAxis.THEME) for code, label in _THEME_LIBRARIES.items()}
)
"""The two axes of the taxonomy, base libraries and theme libraries, as one code list."""


def axes_of(codes: Iterable[str]) -> list[str]:
    """The axes that known codes lie on, each once, in alphabetical order."""
    return sorted({THEMES[code].axis.value for code in codes})


def require_themes(codes: Iterable[str]) -> None:
    """Refuse themes that are not in `THEMES`.

    :raises UnknownTheme: names the first one.
    """
    for code in codes:
        if code not in THEMES:
            raise UnknownTheme(
                Message("{code!r} is not a theme.", code=code),
                remedy=Message("Use one of: {themes}.", themes=", ".join(THEMES)),
            )


@dataclass(frozen=True, slots=True)
class ListingRules:
    """What the rules in force say of classified data; read with :func:`listing_rules`."""

    core_data_refused: bool
    important_data_needs_assessment: bool


def listing_rules(rules: Rules) -> ListingRules:
    """What the rules in force say of classified data."""
    return ListingRules(
        core_data_refused=rules.truth("listing.core_data_refused"),
        important_data_needs_assessment=rules.truth("listing.important_data_needs_assessment"),
    )


def require_listable(
    classification: Classification, risk_assessment_sha256: str | None, rules: ListingRules
) -> None:
    """Refuse what may not be authorised, published or ordered.

    By the rules that came with the release core data is never listable, and important data is once the digest of a risk
    assessment is on file.

    :param risk_assessment_sha256: of the newest risk assessment, while it is valid.
    :raises NotListable: the classification forbids it.
    """
    if classification is Classification.CORE and rules.core_data_refused:
        raise NotListable(
            Message("The resource is classified as core data (核心数据), which may never be listed."),
            remedy=Message("Keep it off the market, or register a separate resource of a lower class."),
        )
    if (
        classification is Classification.IMPORTANT
        and rules.important_data_needs_assessment
        and risk_assessment_sha256 is None
    ):
        raise NotListable(
            Message(
                "The resource is classified as important data (重要数据) and no risk assessment is on file."
            ),
            remedy=Message("File one with POST /v1/resources/{resource_id}/assessments."),
        )
