"""Why a data call is refused, and with which status.

====  ==============================  ===========================================================
401   ``licence-refused``             no licence token, or an invalid or revoked one
403   ``licence-other-product``       the token opens another product; the same whether this one exists or not
403   ``purpose-not-licensed``        the stated purpose is not the licence's, or it has several and none was stated
403   ``licence-stopped``             the licence, or a link of the chain above it, was stopped; the reason is given
403   ``licence-outside-term``        the term has not begun, is over, or the licence is not metered here
400   ``column-unknown``              no such column; a column the licence does not cover is no such column
400   ``query-refused``               a query parameter cannot be read
409   ``cursor-outdated``             the cursor belongs to another revision of the data
422   ``idempotency-key-reused``      the key came with another request before (or the data has a new revision)
429   ``quota-exceeded``              the call does not fit what is left of the quota
503   ``query-too-heavy``             the query needs more time or memory than one query gets
503   ``queries-busy``                too many queries are waiting
503   ``metering-…``                  the call could not be metered, so it is not answered
====  ==============================  ===========================================================

A refused call is not billed.
"""

from contracts.licences.errors import InvalidLicenceToken
from contracts.licences.notices import StopNotice
from infra.errors import Conflict, Forbidden, Invalid, Malformed, MarketError, QuotaExceeded, Unavailable
from infra.messages import Message
from market.metering.domain import Decision, Outcome


class OtherProduct(Forbidden):
    """The token opens another product."""

    slug = "licence-other-product"
    title = Message("The licence is for another product")


class PurposeNotLicensed(Forbidden):
    """The purpose is not one of the licence's."""

    slug = "purpose-not-licensed"
    title = Message("The licence does not allow this purpose")


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
    """The data has moved on to another revision."""

    slug = "cursor-outdated"
    title = Message("The data has a new revision")


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
    KeyConflict,
    CallQuotaExceeded,
    QueryTooHeavy,
)
"""One of each status, for the description of the route."""


def refusal(decision: Decision, notice: StopNotice | None) -> MarketError:
    """What to tell the caller of a call that metering did not admit.

    :param notice: what is known of the stop, where the decision names one; None when it was lifted meanwhile.
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
            return CallQuotaExceeded(
                Message("The call asks for more than is left of the licence's quota."),
                remedy=(
                    Message("Ask for fewer rows: limit={left_rows} at most.", left_rows=left["rows"])
                    if "rows" in left and all(left.values())
                    else Message("Order the product again for a larger quota.")
                ),
                left=left,
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
                Message("The key was already used, for another request or an earlier revision of the data."),
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
