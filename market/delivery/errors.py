"""Why a data call is refused, and with which status.

====  ==============================  ===========================================================
401   ``licence-refused``             no licence token, or an invalid or revoked one
403   ``licence-other-product``       the token opens another product; the same whether this one exists or not
403   ``purpose-not-licensed``        the stated purpose is not the licence's, or it has several and none was stated
403   ``scenario-not-licensed``       the same of the scenario
403   ``region-not-licensed``         the region lies in none of the licence's, or it has several and none was stated
403   ``licence-stopped``             the licence, or a link of the chain above it, was stopped; the reason is given
403   ``licence-outside-term``        the term has not begun, is over, or the licence is not metered here
400   ``column-unknown``              no such column; a column the licence does not cover is no such column
400   ``query-refused``               a query parameter cannot be read
409   ``cursor-outdated``             the cursor's revision was recalled, or replaced too long ago
409   ``revision-recalled``           the key was first answered from a revision that was recalled
422   ``idempotency-key-reused``      the key came with another request before
429   ``quota-exceeded``              the call does not fit what is left of the quota
503   ``query-too-heavy``             the query needs more time or memory than one query gets
503   ``queries-busy``                too many queries are waiting
503   ``metering-…``                  the call could not be metered, so it is not answered
====  ==============================  ===========================================================

A refused call is not billed. One refused with ``metering-unavailable`` that names a usage record may have been
recorded; it is credited then, unless its key comes again first.
"""

from collections.abc import Sequence

from contracts.licences.errors import InvalidLicenceToken
from contracts.licences.notices import StopNotice
from infra.errors import Conflict, Forbidden, Invalid, Malformed, MarketError, QuotaExceeded, Unavailable
from infra.messages import Message
from listings.ingest.result import Column
from market.metering.domain import Decision, Outcome


class OtherProduct(Forbidden):
    """The token opens another product."""

    slug = "licence-other-product"
    title = Message("The licence is for another product")


class PurposeNotLicensed(Forbidden):
    """The purpose is not one of the licence's."""

    slug = "purpose-not-licensed"
    title = Message("The licence does not allow this purpose")


class ScenarioNotLicensed(Forbidden):
    """The scenario is not one of the licence's."""

    slug = "scenario-not-licensed"
    title = Message("The licence does not allow this scenario")


class RegionNotLicensed(Forbidden):
    """The region lies within none of the licence's."""

    slug = "region-not-licensed"
    title = Message("The licence does not allow this region")


class LicenceStopped(Forbidden):
    """The licence, or something it hangs on, was stopped."""

    slug = "licence-stopped"
    title = Message("The licence is stopped")


class OutsideTerm(Forbidden):
    """The licence is not in force now."""

    slug = "licence-outside-term"
    title = Message("The licence is not in force")


class ColumnUnknown(Malformed):
    """There is no such column for this licence."""

    slug = "column-unknown"
    title = Message("There is no such column")


class InvalidQuery(Malformed):
    """A query parameter cannot be read."""

    slug = "query-refused"
    title = Message("Invalid query")


class CursorOutdated(Conflict):
    """The revision that a cursor goes on with is not read any more."""

    slug = "cursor-outdated"
    title = Message("The data has a new revision")


class RevisionRecalled(Conflict):
    """The revision that a key was first answered from is not read any more."""

    slug = "revision-recalled"
    title = Message("The revision was recalled")


class KeyConflict(Invalid):
    """The key belongs to another request."""

    slug = "idempotency-key-reused"
    title = Message("Idempotency key was used for another request")


class CallQuotaExceeded(QuotaExceeded):
    """The call exceeds what is left of the quota."""

    slug = "quota-exceeded"
    title = Message("The licence's quota is exceeded")


class QueryTooHeavy(Unavailable):
    """The query needs more than one query gets."""

    slug = "query-too-heavy"
    title = Message("The query exceeds its time or memory limit")


class QueriesBusy(Unavailable):
    """Too many queries are waiting."""

    slug = "queries-busy"
    title = Message("Too many queries are waiting")


KINDS: tuple[type[MarketError], ...] = (
    InvalidLicenceToken,
    OtherProduct,
    ColumnUnknown,
    CursorOutdated,
    RevisionRecalled,
    KeyConflict,
    CallQuotaExceeded,
    QueryTooHeavy,
)
"""One of each status, for the description of the route."""


def refusal(decision: Decision, notice: StopNotice | None, asked_rows: int) -> MarketError:
    """What to tell the caller of a call that metering did not admit.

    :param notice: what is known of the stop, where the decision names one; None when it was lifted meanwhile.
    :param asked_rows: the limit of its page.
    """
    match decision.outcome:
        case Outcome.STOPPED:
            if notice is None:
                return LicenceStopped(
                    Message("The licence was stopped: {reason}", reason=decision.reason),
                    remedy=Message("The stop has been lifted since; send the call again."),
                    reason=decision.reason,
                )
            return LicenceStopped(
                notice.detail, remedy=notice.remedy, reason=decision.reason, stops=notice.stops
            )
        case Outcome.QUOTA_EXCEEDED:
            left = decision.left_by_unit
            used_up = [code for code, amount in left.items() if not amount]
            if used_up or "rows" not in left:
                return CallQuotaExceeded(
                    Message("The licence's quota is used up: {units}.", units=", ".join(used_up)),
                    remedy=Message("Order the product again for a larger quota."),
                    left=left,
                )
            return CallQuotaExceeded(
                Message(
                    "The call asks for up to {asked_rows} rows, and {left_rows} are left of the licence's quota.",
                    asked_rows=asked_rows,
                    left_rows=left["rows"],
                ),
                remedy=Message("Send the call with limit={left_rows} at most.", left_rows=left["rows"]),
                left=left,
                limit=left["rows"],
            )
        case Outcome.TOKEN_ENDED if notice is not None:
            return InvalidLicenceToken(
                Message("The licence token has ended. {stop}", stop=notice.detail),
                remedy=notice.remedy,
                reason="revoked",
                stops=notice.stops,
            )
        case Outcome.TOKEN_ENDED:
            return InvalidLicenceToken(
                Message("The licence token was revoked, or whoever it was issued to has lost access."),
                remedy=Message("Get a new one at POST /v1/licences/{licence_id}/tokens."),
                reason="revoked",
            )
        case Outcome.KEY_CONFLICT:
            return KeyConflict(
                Message("The key was already used, for another request."),
                remedy=Message("Use a new key for a new request."),
            )
        case Outcome.NOT_YET_VALID:
            return OutsideTerm(
                Message("The licence's term has not begun."), remedy=Message("Wait for its first day.")
            )
        case Outcome.EXPIRED:
            return OutsideTerm(
                Message("The licence's term is over."), remedy=Message("Order the product again.")
            )
        case _:
            return OutsideTerm(Message("The licence is not in force."), remedy=Message("Ask the operator."))


def cursor_outdated(recalled: str | None, days: int) -> CursorOutdated:
    """What to tell a caller whose cursor's revision is not read any more.

    :param recalled: why it was recalled, empty when nothing was said; None when it was replaced ``days`` ago or before.
    """
    remedy = Message(
        "Start again without a cursor, from the data that is current; what was read was metered and stays so."
    )
    if recalled is None:
        return CursorOutdated(
            Message(
                "The cursor belongs to a revision that was replaced more than {days} days ago.",
                days=days,
            ),
            remedy=remedy,
        )
    return CursorOutdated(_recalled(recalled), remedy=remedy)


def pin_recalled(recalled: str) -> RevisionRecalled:
    """What to tell a caller whose licence is pinned to a revision that was recalled."""
    told = _recalled(recalled)
    return RevisionRecalled(
        Message("The licence is pinned to one revision. {told}", told=told),
        remedy=Message(
            "Calls go through again as soon as it is back in service, which one that was recalled for good never is. To"
            " read other data, order the product again for `latest`, or for another of"
            " GET /v1/catalogue/{product_id}/revisions."
        ),
    )


def columns_gone(columns: Sequence[Column]) -> LicenceStopped:
    """What to tell a caller whose licence opens no column that the data still has."""
    reason = Message("None of the licence's columns is left in the product's data.")
    return LicenceStopped(
        reason,
        remedy=Message(
            "Order the product again with columns that it has now, or for an earlier revision:"
            " GET /v1/catalogue/{product_id}/revisions."
        ),
        reason=reason,
        columns=[column.name for column in columns][:100],
    )


def revision_recalled(recalled: str) -> RevisionRecalled:
    """What to tell a caller whose key was first answered from a revision that was recalled."""
    return RevisionRecalled(
        _recalled(recalled),
        remedy=Message(
            "Send the call with a new key, which reads the data that is current and counts as a further call."
        ),
    )


def _recalled(reason: str) -> Message:
    if not reason:
        return Message("The revision that was read was recalled.")
    return Message("The revision that was read was recalled: {reason}", reason=reason)
