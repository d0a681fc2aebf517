"""The labels of every enumeration of the interface, by area; terms of law and accounting are the Chinese texts'."""

from infra import labels
from infra.labels import Label
from listings.authorisations.domain import (
    CONSIDERATION_LABELS,
    MODE_LABELS,
    SCENARIO_LABELS,
    Consideration,
    Mode,
    Scenario,
)
from listings.registrations.domain import GROUND_LABELS, KIND_LABELS, RefusalGround, RegistrationKind
from listings.resources.domain import (
    ASSESSMENT_LABELS,
    CLASSIFICATION_LABELS,
    THEME_AXIS_LABELS,
    AssessmentKind,
    Classification,
    ThemeAxis,
)
from listings.rights.domain import RIGHT_LABELS, RightKind
from market.code_lists.labels import (
    authority,
    contracts,
    events,
    files,
    listings,
    money,
    operations,
    parties,
    permissions,
    quality,
)
from pricing.regulated.purposes import PURPOSE_TERMS, PurposeClass

ACTOR_KINDS = {"person": Label("个人", "Person"), "program": Label("程序", "Program")}
"""Who acts: a person who signed in, or a program with a token."""

DECISIONS = {"reject": Label("不予通过", "Reject"), "verify": Label("通过核验", "Verify")}
"""What is decided on the evidence of an organisation."""


def register() -> None:
    """Make every label known to :mod:`infra.labels`.

    :raises ValueError: a code has no label, or a label no code.
    """
    for area in (
        parties,
        authority,
        listings,
        files,
        quality,
        contracts,
        money,
        operations,
        events,
        permissions,
    ):
        for kind, texts in area.LABELS.items():
            labels.register(kind, {kind(code): Label(zh, en) for code, (zh, en) in texts.items()})
    labels.register(AssessmentKind, ASSESSMENT_LABELS)
    labels.register(Classification, CLASSIFICATION_LABELS)
    labels.register(RefusalGround, GROUND_LABELS)
    labels.register(RegistrationKind, KIND_LABELS)
    labels.register(ThemeAxis, THEME_AXIS_LABELS)
    labels.register(Consideration, CONSIDERATION_LABELS)
    labels.register(Mode, MODE_LABELS)
    labels.register(Scenario, SCENARIO_LABELS)
    labels.register(RightKind, {kind: Label(text.zh_2025, text.en) for kind, text in RIGHT_LABELS.items()})
    labels.register(
        PurposeClass, {kind: Label(terms.chinese[0], terms.english) for kind, terms in PURPOSE_TERMS.items()}
    )
