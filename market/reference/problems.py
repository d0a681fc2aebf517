"""A real problem document for each status, which the reference shows wherever an operation may give it."""

from litestar.openapi.spec import Example

from infra import errors
from infra.errors import MarketError
from infra.messages import Message

_SHOWN: tuple[MarketError, ...] = (
    errors.Malformed(
        Message("{at}: {problem}", at="limit", problem="Must be 1 or more"),
        remedy=Message("Fix the fields listed under `errors` and send it again."),
        errors=[{"at": "limit", "problem": "Must be 1 or more"}],
    ),
    errors.Unauthenticated(
        Message("This needs a signed-in person or a program's access token."),
        remedy=Message("Sign in at POST /v1/session, or get a token at POST /oauth/token."),
    ),
    errors.Forbidden(
        Message(
            "This needs the permission {permission!r}, which none of your roles carries.",
            permission="product.review",
        ),
        remedy=Message(
            "These roles carry it: {roles}. Ask an administrator of your organisation for one of them, or,"
            " where it can give none, an organisation whose people hold it.",
            roles="regulator_officer",
        ),
    ),
    errors.NotFound(Message("There is nothing at this address.")),
    errors.RequestTimeout(
        Message("The body of the request did not come in time."),
        remedy=Message("Send it again over a faster connection, or in smaller parts."),
    ),
    errors.Conflict(
        Message("Another request was changing the same things at the same time."),
        remedy=Message("Send the request again, under the same Idempotency-Key where it has one."),
    ),
    errors.TooLarge(
        Message("The body is larger than this address takes."), remedy=Message("Send less at once.")
    ),
    errors.UnsupportedType(
        Message("The body must be JSON and be called so."),
        remedy=Message("Send the header Content-Type: application/json."),
    ),
    errors.Invalid(
        Message("{at}: {problem}", at="reason", problem="Is required"),
        remedy=Message("Fix the fields listed under `errors` and send it again."),
        errors=[{"at": "reason", "problem": "Is required"}],
    ),
    errors.QuotaExceeded(Message("The licence's quota is exceeded")),
    errors.Unavailable(
        Message("The database cannot be reached at the moment."),
        remedy=Message(
            "Try again. Whether a change was made is not known: send it under the same Idempotency-Key, or look"
            " first where the request has none."
        ),
    ),
)

PROBLEM_EXAMPLES = {
    f"problem{error.status}": Example(summary=str(error.title), value=error.problem()) for error in _SHOWN
}
"""Examples of the document's components, by name."""


def example_name(status: str) -> str | None:
    """The example of a status, where there is one."""
    name = f"problem{status}"
    return name if name in PROBLEM_EXAMPLES else None
