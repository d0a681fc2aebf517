"""Pure rules of identity."""

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.identity.domain import (
    credit_code_check_digit,
    granted_scope,
    is_credit_code,
    masked,
    normalised_email,
)
from infra.identity.errors import StatusForbids
from infra.identity.states import TRANSITIONS, OrganisationAction, next_state
from infra.organisation_status import OrganisationStatus

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class TestCreditCode:
    # Codes printed in public filings of large listed companies.
    @pytest.mark.parametrize("code", ["9144030071526726XG", "91330100799655058B", "91110000802100433B"])
    def test_real_codes_pass(self, code: str) -> None:
        assert is_credit_code(code)

    @given(body=st.text(ALPHABET, min_size=17, max_size=17))
    def test_exactly_one_check_digit_fits(self, body: str) -> None:
        assert [last for last in ALPHABET if is_credit_code(body + last)] == [credit_code_check_digit(body)]

    @given(body=st.text(ALPHABET, min_size=17, max_size=17), data=st.data())
    def test_every_single_wrong_character_is_noticed(self, body: str, data: st.DataObject) -> None:
        code = body + credit_code_check_digit(body)
        place = data.draw(st.integers(0, 17))
        other = data.draw(st.sampled_from([item for item in ALPHABET if item != code[place]]))
        assert not is_credit_code(code[:place] + other + code[place + 1 :])

    @given(body=st.text(ALPHABET, min_size=17, max_size=17), place=st.integers(0, 16))
    def test_two_neighbours_swapped_are_noticed(self, body: str, place: int) -> None:
        code = body + credit_code_check_digit(body)
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert swapped == code or not is_credit_code(swapped)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "9144030071526726X",
            "9144030071526726xG",
            "9144030071526726XGG",
            "91440300I1526726XG",
            "９" * 18,
        ],
    )
    def test_what_is_no_code_is_refused(self, text: str) -> None:
        assert not is_credit_code(text)


class TestEmail:
    def test_case_and_space_around_do_not_matter(self) -> None:
        assert normalised_email("  Li.Wei+Data@Bureau.Example ") == "li.wei+data@bureau.example"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "a",
            "a@b",
            "@b.cn",
            "a@@b.cn",
            "a b@c.cn",
            "a@b..cn",
            "İ@b.cn",
            "a@b.cn\nx",
            "a" * 65 + "@b.cn",
        ],
    )
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="e-mail"):
            normalised_email(text)


class TestScope:
    def test_nothing_asked_gives_everything_held(self) -> None:
        assert granted_scope("", ["data_operator", "organisation_admin"]) == [
            "data_operator",
            "organisation_admin",
        ]

    def test_what_is_asked_narrows(self) -> None:
        assert granted_scope("buyer  buyer", ["organisation_admin", "buyer"]) == ["buyer"]

    def test_more_than_is_held_gives_nothing(self) -> None:
        assert granted_scope("buyer platform_admin", ["buyer"]) is None


@given(st.text(max_size=60))
def test_at_most_four_characters_of_a_number_show(number: str) -> None:
    shown = masked(number)
    assert len(shown) == len(number)
    assert shown[:-4] == "*" * max(0, len(number) - 4)
    assert len(number) > 4 or set(shown) <= {"*"}


@pytest.mark.parametrize("action", OrganisationAction)
@pytest.mark.parametrize("status", OrganisationStatus)
def test_every_action_leads_where_the_table_says_or_is_refused(
    status: OrganisationStatus, action: OrganisationAction
) -> None:
    if status in TRANSITIONS[action].sources:
        assert next_state(status, action) is TRANSITIONS[action].target is not status
    else:
        with pytest.raises(StatusForbids):
            next_state(status, action)


def test_verification_is_undone_by_suspension_only() -> None:
    ways = {action for action, way in TRANSITIONS.items() if OrganisationStatus.VERIFIED in way.sources}
    assert ways == {OrganisationAction.SUSPEND}
    assert {status for way in TRANSITIONS.values() for status in way.sources} == set(OrganisationStatus)


def test_passwords_are_hashed_at_owasps_figures_outside_of_tests(
    production_hasher: argon2.PasswordHasher,
) -> None:
    figures = (production_hasher.time_cost, production_hasher.memory_cost, production_hasher.parallelism)
    assert figures == (2, 19_456, 1)
    assert production_hasher.type is argon2.Type.ID
