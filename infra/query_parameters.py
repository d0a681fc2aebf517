"""Query parameters that a route does not take are refused, on every route at one place.

A filter that is passed over answers more than was asked for, and nothing in the answer says so. What a route takes is
read off its own parameters, so that a new one needs nothing. A route that a standard tells to ignore what it does not
know says so by ``opt={IGNORED: "why"}``.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from infra.errors import Malformed
from infra.messages import Message

IGNORED = "ignores_unknown_query_parameters"
"""Member of a route's ``opt``: why it takes any query parameters and passes over those it does not know."""

_DECLARED = "query_parameters"
_QUOTED = 60
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class QueryParameters:
    """What a route takes in its query.

    :param repeatable: those of the names that may come more than once.
    """

    names: frozenset[str]
    repeatable: frozenset[str] = frozenset()


def declare(app: Litestar) -> None:
    """Keep with every route what it takes; None where it ignores the rest."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler, kwargs in route.route_handler_map.values():
            described = handler.resolve_include_in_schema() and IGNORED not in handler.opt
            handler.opt[_DECLARED] = (
                QueryParameters(
                    frozenset(parameter.field_alias for parameter in kwargs.expected_query_params),
                    frozenset(kwargs.sequence_query_parameter_names),
                )
                if described
                else None
            )


def check(handler: HTTPRouteHandler, query: bytes) -> None:
    """Look at the query of a request.

    :raises Malformed: it has a parameter that the route does not take, or one of them twice.
    """
    taken: QueryParameters | None = handler.opt.get(_DECLARED)
    if taken is not None and (refused := refusal(query.decode("latin-1"), taken)) is not None:
        raise refused


def refusal(query: str, taken: QueryParameters) -> Malformed | None:
    """What is said of a query string (percent-encoded), or None when the route takes it."""
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    unknown = list(dict.fromkeys(name for name in names if name not in taken.names))
    if unknown:
        return _refuse(unknown, _unknown(unknown, taken), taken)
    twice = sorted({name for name in names if names.count(name) > 1} - taken.repeatable)
    if twice:
        sentence = Message("The query parameter {name} was sent more than once.", name=twice[0])
        return _refuse(twice, sentence, taken, remedy=Message("Send it once."))
    return None


def _unknown(names: list[str], taken: QueryParameters) -> Message:
    if len(names) > 1:
        shown = ", ".join(name[:_QUOTED] for name in names[:_SHOWN])
        return Message("There are no query parameters {names}.", names=shown)
    name = names[0]
    if not name:
        return Message("A query parameter has no name.")
    by_case = {known.lower(): known for known in taken.names}
    near = get_close_matches(name.lower()[:_QUOTED], by_case, n=1, cutoff=0.7)
    if near:
        return Message(
            "There is no query parameter {name}; did you mean {nearest}?",
            name=name[:_QUOTED],
            nearest=by_case[near[0]],
        )
    return Message("There is no query parameter {name}.", name=name[:_QUOTED])


def _refuse(
    names: list[str], sentence: Message, taken: QueryParameters, remedy: Message | None = None
) -> Malformed:
    if remedy is None:
        remedy = (
            Message("This address takes: {names}.", names=", ".join(sorted(taken.names)))
            if taken.names
            else Message("This address takes no query parameters: leave it out.")
        )
    errors = [{"at": name[:_QUOTED], "problem": sentence} for name in names[:_SHOWN]]
    return Malformed(sentence, remedy=remedy, errors=errors)
