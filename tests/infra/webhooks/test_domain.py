"""When a message is sent again, what an answer's Retry-After asks for, and what is kept of it."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.auth import OrganisationKind
from infra.db import new_id
from infra.events.domain import Event
from infra.events.kinds import EventKind
from infra.settings import Settings
from infra.webhooks import domain

MOMENT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SCHEDULE = Settings(_env_file=None).webhook_schedule


def test_the_schedule_is_the_one_of_the_specification() -> None:
    hours = [round(delay / timedelta(hours=1), 3) for delay in SCHEDULE]
    assert hours == [0.001, 0.083, 0.5, 2, 5, 10, 14, 20, 24]


def test_delays_follow_the_schedule_and_end_with_it() -> None:
    delays = [domain.next_delay(tries, SCHEDULE, None, 0) for tries in range(1, 11)]
    assert delays == [*SCHEDULE, None]
    assert domain.next_delay(1, SCHEDULE, None, 1) == timedelta(seconds=5.5)


@pytest.mark.parametrize(
    ("asked", "delay"),
    [
        (timedelta(seconds=1), timedelta(seconds=5)),
        (timedelta(minutes=2), timedelta(minutes=2)),
        (timedelta(days=9), timedelta(days=1)),
    ],
)
def test_a_receiver_may_ask_for_more_time_within_a_day(asked: timedelta, delay: timedelta) -> None:
    assert domain.next_delay(1, SCHEDULE, asked, 0) == delay


@pytest.mark.parametrize(
    ("header", "read"),
    [
        (None, None),
        ("", None),
        ("120", timedelta(minutes=2)),
        ("-1", None),
        ("soon", None),
        ("9" * 30, None),
        ("Sat, 31 Jan 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 31 Jan 2026 11:00:00 GMT", timedelta()),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, read: timedelta | None) -> None:
    assert domain.retry_after(header, MOMENT) == read


def test_only_2xx_is_success() -> None:
    took = timedelta()
    assert [
        status
        for status in (200, 204, 299, 199, 301, 404, 410, 500)
        if domain.Attempt(status, took).succeeded
    ] == [
        200,
        204,
        299,
    ]
    assert not domain.Attempt(None, took, error="no answer").succeeded
    assert domain.Attempt(410, took).gone


def test_a_body_is_compact_and_exact() -> None:
    event = Event(new_id(), EventKind.INVOICE_PAID, "invoice", new_id(), 3, (), {"amount": "0.10"}, MOMENT)
    assert domain.event_body(event) == (
        '{"type":"invoice.paid","timestamp":"2026-01-31T12:00:00.000000Z",'
        f'"data":{{"invoice_id":"{event.subject_id}","sequence":3,"amount":"0.10"}}}}'
    )


def test_what_is_kept_of_an_answer_is_bounded_text() -> None:
    assert domain.kept_text(b"\xff\x00ok") == "��ok"
    assert len(domain.kept_text(b"x" * 9000)) == domain.RESPONSE_LENGTH


def test_parties_read_what_concerns_them_and_oversight_reads_more() -> None:
    for kind in (OrganisationKind.BUYER, OrganisationKind.OPERATOR, OrganisationKind.OWNER):
        assert domain.kinds_read_by(kind) == {
            EventKind.PRODUCT_EDITION_PUBLISHED,
            EventKind.PRODUCT_PUBLISHED,
            EventKind.RULE_PROPOSAL_APPROVED,
        }
    for office in (OrganisationKind.PLATFORM, OrganisationKind.REGULATOR):
        assert EventKind.RULE_PROPOSAL_PROPOSED in domain.kinds_read_by(office)
    assert EventKind.BANK_STATEMENT_IMPORTED not in domain.kinds_read_by(OrganisationKind.REGULATOR)
    assert EventKind.AUTHORISATION_REVOKED not in domain.kinds_read_by(OrganisationKind.PLATFORM)
