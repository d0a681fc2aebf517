"""What a route's parameters are called, and what they take; a query parameter that it does not take is refused.

A filter that is passed over answers more than was asked for, and nothing in the answer says so. What a route takes is
read off its own parameters, so that a new one needs nothing. A route that a standard tells to ignore what it does not
know says so by ``opt={IGNORED: "why"}``.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import get_args
from urllib.parse import parse_qsl

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from infra.errors import Malformed
from infra.messages import Message

IGNORED = "ignores_unknown_query_parameters"
"""Member of a route's ``opt``: why it takes any query parameters and passes over those it does not know."""

_DECLARED = "query_parameters"
_NAMES = "names_of_parameters"
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
    """Keep with every route what it takes, None where it ignores the rest; and what its parameters are called."""
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
            handler.opt[_NAMES] = {
                parameter.field_name: parameter.field_alias
                for group in (kwargs.expected_query_params, kwargs.expected_header_params)
                for parameter in group
            }


def sent_name(handler: HTTPRouteHandler, name: str) -> str:
    """What a caller calls a parameter that the code of a route calls by this name."""
    names: dict[str, str] = handler.opt.get(_NAMES, {})
    return names.get(name, name)


def allowed_values(handler: HTTPRouteHandler, name: str) -> list[str]:
    """The values that a parameter of a route may have; empty where they are not counted out."""
    parameter = handler.parsed_fn_signature.parameters.get(name)
    if parameter is None:
        return []
    kinds = get_args(parameter.annotation) if parameter.is_union else (parameter.annotation,)
    return [
        str(member)
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, StrEnum)
        for member in kind
    ]


def check(handler: HTTPRouteHandler, query: bytes) -> None:
    """Look at the query of a request.

    :raises Malformed: it has a parameter that the route does not take, or one of them twice, or a NUL.
    """
    taken: QueryParameters | None = handler.opt.get(_DECLARED)
    if b"%00" in query:
        # No text that the database holds has one, and no filter could find it.
        raise Malformed(
            Message("The query contains the character NUL (%00)."), remedy=Message("Send it without.")
        )
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
