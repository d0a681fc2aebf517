"""Which resources may ever be listed."""

import pytest

from listings.resources.domain import (
    CLASSIFICATION_LABELS,
    THEMES,
    Classification,
    ListingRules,
    ThemeAxis,
    axes_of,
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


def test_every_theme_lies_on_one_of_the_two_axes() -> None:
    by_axis = {axis: [code for code, theme in THEMES.items() if theme.axis is axis] for axis in ThemeAxis}
    assert by_axis[ThemeAxis.BASE] == [
        "population", "legal_entities", "geography", "natural_resources", "e_licences",
    ]  # fmt: skip
    assert by_axis[ThemeAxis.THEME][:2] == ["economy", "environment"]
    assert axes_of(["weather", "environment"]) == ["theme"]
    assert axes_of(["weather", "population"]) == ["base", "theme"]
