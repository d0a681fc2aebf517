"""What a demo says of breaks: plain words, and only its own hold it up."""

from typing import Any

from market.demo.breaks import arisen, told


def a_break(subject: str, **changed: Any) -> dict[str, Any]:
    return {
        "kind": "bank_entry",
        "subject_kind": "bank_entry",
        "subject": subject,
        "difference": {"amount": "5.00", "currency": "CNY"},
        "units": None,
        "since": "2026-01-31T08:00:00Z",
        "explanation": "no invoice is named",
        "remedy": {"zh": "与银行核对。", "en": "Compare with the bank."},
        **changed,
    }


def test_only_what_came_or_grew_is_of_this_trade() -> None:
    before = [a_break("A/1"), a_break("A/2")]
    grown = a_break("A/2", difference={"amount": "6.00", "currency": "CNY"})
    assert arisen(before, [a_break("A/1"), grown, a_break("A/3")]) == [grown, a_break("A/3")]
    assert arisen(before, before) == []


def test_each_says_what_it_is_and_what_to_do() -> None:
    assert told([a_break("A/1")]) == [
        "bank entry, bank entry A/1, 5.00 CNY, since 2026-01-31: no invoice is named",
        "  what to do: Compare with the bank.",
    ]
    counted = told([a_break("L", kind="counter", subject_kind="licence", difference=None, units=-3)])
    assert counted[0].startswith("counter, licence L, -3 without an amount, since 2026-01-31")
    many = told([a_break(f"A/{number}") for number in range(7)])
    assert many[-1] == "and 2 more, at GET /v1/reconciliations"
    assert not any(sign in line for line in many for sign in '{}"')
