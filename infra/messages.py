"""Text for people, in the languages the service speaks: English in the source, the others in gettext catalogues.

A :class:`Message` is its English text, and remembers the template and the values it was made of, so that the same
thing can be told in another language when the reader's is known. ``make messages`` collects the templates.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any, Self

from infra.labels import coded, label

FOLDER = Path(__file__).parent / "translations"

LANGUAGES = ("en", "zh")
"""Languages the service speaks, the default first."""


class Message(str):
    """A text in English that :func:`translate` can tell in another language.

    :param template: the English text with ``{name}`` for each value, as ``str.format`` takes it. It is the key of the
        catalogues, so it is written as one literal.
    :param values: what the names stand for; a value may be a :class:`Message` itself, or a code that has labels.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Self:
        """Format the template; the result is the English text."""
        made = super().__new__(cls, template.format_map(values) if values else template)
        made.template = template
        made.values = values
        return made

    def of(self, **values: Any) -> Self:
        """This text with values for its names."""
        return type(self)(self.template, **values)


_reader_headers: ContextVar[Iterable[tuple[bytes, bytes]]] = ContextVar("reader_headers", default=())


def set_reader(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Keep the headers of the request that is being answered for :func:`told`, which alone looks into them: a data call
    has no use for its language."""
    _reader_headers.set(headers)


def told(text: str) -> str:
    """A text in the language of the reader of the present request; in the first language outside of any."""
    accepted = next((value for name, value in _reader_headers.get() if name == b"accept-language"), b"")
    return translate(text, preferred_language(accepted.decode("latin-1")))


def translate(text: str, language: str) -> str:
    """The text in the language; as it is when it is no :class:`Message` or has no translation."""
    if not isinstance(text, Message):
        return str(text)
    template = _catalogue(language).gettext(text.template)
    if not text.values:
        return template
    return template.format_map({name: _value(value, language) for name, value in text.values.items()})


def message_to_json(message: Message) -> dict[str, Any]:
    """A message for another process, which can still translate it there.

    Values that JSON does not have become text.
    """
    return {"template": message.template, "values": {name: _packed(v) for name, v in message.values.items()}}


def message_from_json(document: dict[str, Any]) -> Message:
    """Read what :func:`message_to_json` wrote.

    :raises KeyError, TypeError, ValueError: it is of another shape, or its template asks for more than plain values.
    """
    template, values = document["template"], document["values"]
    # A process that parses strangers' files is not believed: a template must not reach into what it formats.
    fields = [(name, spec) for _, name, spec, _ in Formatter().parse(template)] if values else []
    if any(name is not None and not (name.isidentifier() and spec in {"", ","}) for name, spec in fields):
        raise ValueError("the template is none of this code")
    return Message(template, **{name: _unpacked(value) for name, value in values.items()})


def packed(value: Any) -> Any:
    """JSON-ready members in which each :class:`Message` stands as ``$message``, packed by :func:`message_to_json`."""
    match value:
        case Message():
            return {"$message": message_to_json(value)}
        case dict():
            return {name: packed(item) for name, item in value.items()}
        case list() | tuple():
            return [packed(item) for item in value]
    return value


def unpacked(value: Any) -> Any:
    """Read what :func:`packed` wrote.

    :raises KeyError, TypeError, ValueError: it holds a message of another shape.
    """
    match value:
        case {"$message": document}:
            return message_from_json(document)
        case {"$code": str(code), "of": str(kind)}:
            return coded(kind, code)
        case dict():
            return {name: unpacked(item) for name, item in value.items()}
        case list():
            return [unpacked(item) for item in value]
    return value


def _packed(value: Any) -> Any:
    if isinstance(value, Message):
        return message_to_json(value)
    if isinstance(value, StrEnum):
        return {"$code": value.value, "of": type(value).__name__}
    return value if value is None or isinstance(value, bool | int) else str(value)


def _unpacked(value: Any) -> Any:
    match value:
        case {"$code": str(code), "of": str(kind)}:
            return coded(kind, code)
        case dict():
            return message_from_json(value)
    return value


def preferred_language(accepted: str | None) -> str:
    """The language to answer in.

    :param accepted: an ``Accept-Language`` header (RFC 9110, 12.5.4); what cannot be read is passed over.
    :return: one of :data:`LANGUAGES`, the first of them when none is asked for.
    """
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate((accepted or "")[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        language = LANGUAGES[0] if tag == "*" else tag.split("-")[0].lower()
        if 0 < quality <= 1 and language in LANGUAGES:
            wishes.append((-quality, place, language))
    return min(wishes)[2] if wishes else LANGUAGES[0]


def joined(parts: Iterable[str], separator: str = "; ") -> Message:
    """Several texts one after the other, each told in the reader's language."""
    values = {f"part_{place}": part for place, part in enumerate(parts)}
    return Message(separator.join(f"{{{name}}}" for name in values), **values)


def translate_throughout(value: Any, language: str) -> Any:
    """JSON-ready members with every :class:`Message` in them told in the language."""
    match value:
        case Message():
            return translate(value, language)
        case dict():
            return {name: translate_throughout(item, language) for name, item in value.items()}
        case list() | tuple():
            return [translate_throughout(item, language) for item in value]
    return value


def _value(value: Any, language: str) -> Any:
    if isinstance(value, Message):
        return translate(value, language)
    if isinstance(value, StrEnum):
        found = label(value)
        # English keeps the code itself: it is what the caller sends and finds in the answers.
        return value.value if found is None or language == "en" else found.zh
    return value


@cache
def _catalogue(language: str) -> NullTranslations:
    """The compiled catalogue of a language; of English, and of one that has none, the text itself."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def with_ids(text: str, ids: Mapping[str, Any]) -> str:
    """A text whose addresses carry the ids that are known from where it is read.

    What refuses a file, say, knows nothing of products, and tells the route as the reference writes it.

    :param ids: by the name that the routes have for them, such as ``product_id``.
    """
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
