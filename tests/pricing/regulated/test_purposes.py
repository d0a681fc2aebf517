"""Purpose classes: neutral codes with both label sets."""

from pricing.regulated.purposes import PUBLIC_PURPOSES, PURPOSE_TERMS, PurposeClass


def test_every_class_has_its_terms_of_art() -> None:
    assert {code.value: terms.chinese for code, terms in PURPOSE_TERMS.items()} == {
        "industry": ("产业发展", "行业发展"),
        "public_governance": ("公共治理",),
        "public_welfare": ("公益事业",),
    }


def test_only_industry_use_may_be_charged_for() -> None:
    assert set(PurposeClass) - PUBLIC_PURPOSES == {PurposeClass.INDUSTRY}
