"""Which resources may ever be listed."""

import pytest

from listings.resources.domain import (
    CLASSIFICATION_LABELS,
    THEMES,
    Classification,
    ListingRules,
    require_listable,
    require_themes,
)
from listings.resources.errors import NotListable, UnknownTheme

DIGEST = "a" * 64
STRICT = ListingRules(core_data_refused=True, important_data_needs_assessment=True)


@pytest.mark.parametrize("digest", [None, DIGEST])
def test_core_data_is_never_listable(digest: str | None) -> None:
    with pytest.raises(NotListable, match="core data"):
        require_listable(Classification.CORE, digest, STRICT)


def test_important_data_needs_a_risk_assessment() -> None:
    with pytest.raises(NotListable, match="risk assessment"):
        require_listable(Classification.IMPORTANT, None, STRICT)
    require_listable(Classification.IMPORTANT, DIGEST, STRICT)
    require_listable(Classification.GENERAL, None, STRICT)
    # What the law asks is a parameter: another version of it decides otherwise.
    require_listable(Classification.IMPORTANT, None, ListingRules(True, False))


def test_themes_come_from_the_code_list() -> None:
    require_themes(THEMES)
    with pytest.raises(UnknownTheme, match="'astrology'"):
        require_themes(["weather", "astrology"])


def test_every_class_has_both_labels() -> None:
    assert set(CLASSIFICATION_LABELS) == set(Classification)
