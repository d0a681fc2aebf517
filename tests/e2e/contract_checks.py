"""Loaded by schemathesis into its own process: the one check that it has not got.

Its own ``positive_data_acceptance`` takes any 400 or 422 for a hole in the document. Here 422 is also how the trade
says no to a well-formed wish (no such theme, a term that ends before it begins), each with a type of its own. What must
not happen is that data the document calls good is answered as unreadable.
"""

import json
from typing import Any

import schemathesis

PREFIX = "urn:data-market:problem:"
UNREADABLE = {PREFIX + "malformed-request", PREFIX + "invalid-payload"}

# Rules that JSON Schema cannot say, by the words they are refused with.
BEYOND_A_SCHEMA = (
    # To JSON Schema 5.0 is an integer; here a count is written as one.
    "must be a whole number",
    "name_zh or name_en must be given",
    "give the plan a name",
    "must lie in the years 1900 to 2199",
    "outside the years 1900 to 2199",
    "its check digit",
    "at least two Chinese characters",
    "that can be read",
    # Which of several optional members belong together.
    "either iban or account_number must be given",
    "is not an IBAN",
    "an account number has",
    "bank_name_zh or bank_name_en must be given",
    "holder_zh or holder_en must be given",
    "name invoice_id for invoice",
    "a reason needs a note, and a note a reason",
    "is no amount of that currency",
    "name is needed for a file that is sent",
    "key_id is needed for a key",
    "hour goes with daily and weekly",
    "impact_object and impact_degree are stated together",
    "is described as sensitive and not as personal",
    # A cursor is made for one search, and a list of codes has no pattern in a query.
    "The cursor belongs to a search",
    "A region is named by something else",
)


@schemathesis.serializer("application/offset+octet-stream")
def as_it_is(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """The body of an upload in pieces (tus), which schemathesis does not know."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.check
def good_data_is_understood(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Data that fits the document is never answered as malformed or invalid."""
    if (
        case.meta is None
        or not case.meta.generation.mode.is_positive
        or response.status_code not in (400, 422)
    ):
        return
    problem = json.loads(response.content)
    if problem.get("type") not in UNREADABLE:
        return
    complaints = [error["problem"] for error in problem.get("errors", [])] or [problem["detail"]]
    holes = [complaint for complaint in complaints if not any(rule in complaint for rule in BEYOND_A_SCHEMA)]
    assert not holes, f"the document calls this good: {holes}"
