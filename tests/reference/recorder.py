"""Writes down what is sent to a service and answered, so that each operation's first real exchange is its example.

What differs from one play to the next (ids, times, secrets, the mark of the play) is given stable stand-ins.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import httpx

from infra.identity.domain import credit_code_check_digit

MOMENT = datetime(2026, 1, 31, 8, tzinfo=UTC)
"""When the examples happen."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX = re.compile(r"\b[0-9a-f]{64}\b")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b(?!T)")
_MONTH = re.compile(r"20\d\d-\d\d")
_CODE = re.compile(r"\b[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}\b")
_ORIGIN = re.compile(r"http://127\.0\.0\.1:\d+")
_SECRETS = frozenset(
    {
        "client_secret",
        "csrf_token",
        "current_password",
        "new_password",
        "password",
        "recovery_code",
        "recovery_codes",
        "secret",
        "token",
    }
)
_KEYS = frozenset({"kid", "x"})
_ITEMS_SHOWN = 2
_CODES_SHOWN = 6


@dataclass(slots=True)
class Stable:
    """Stand-ins for what differs between plays: the same for the same thing, numbered as things appear."""

    mark: str
    began: datetime
    known: dict[str, dict[str, str]] = field(default_factory=dict)

    def _of(self, kind: str, live: str) -> int:
        numbers = self.known.setdefault(kind, {})
        numbers.setdefault(live, str(len(numbers) + 1))
        return int(numbers[live])

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value with stand-ins.

        :param name: of the member that holds it.
        """
        match value:
            case dict():
                return {key: self.value(item, key) for key, item in value.items()}
            case list():
                return [self.value(item, name) for item in value]
            case str():
                return self._member(value, name)
        return value

    def _member(self, text: str, name: str) -> str:
        if name == "access_token" or _JWT.fullmatch(text):
            return f"eyJhbGciOiJFZERTQSJ9.eyJleGFtcGxlIjp0cnVlfQ.c2lnbmF0dXJl{self._of('jwt', text):04d}"
        if name == "code" and re.fullmatch(r"[0-9]{6}", text):
            return "123456"
        if name == "code" and re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", text):
            return "abcd-efgh-ijkl-mnop"
        if name == "otpauth_uri":
            return "otpauth://totp/market.example:colleague%40market.example?secret=JBSWY3DPEHPK3PXP&issuer=market.example"
        if name in _SECRETS:
            return f"example-{name.replace('_', '-')}-{self._of('secret', text):06d}"
        if name in _KEYS and len(text) == 43:
            digest = hashlib.sha256(f"key {self._of('key', text)}".encode()).digest()
            return base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if name.endswith("cursor") and len(text) == 22:
            return (
                base64.urlsafe_b64encode(UUID(_stable_id(self._of("cursor", text))).bytes)
                .decode()
                .rstrip("=")
            )
        if name.endswith("cursor") and len(text) == 36:
            return base64.urlsafe_b64encode(b"a row of this data revision").decode()
        return self.text(text)

    def text(self, text: str) -> str:
        """Any text with stand-ins."""
        if _MONTH.fullmatch(text):
            return MOMENT.strftime("%Y-%m")
        text = text.replace(f"-{self.mark}", "").replace(self.mark, "0001")
        text = text.replace("https://127.0.0.1:9", "https://operator.example")
        text = _ORIGIN.sub("https://market.example", text)
        text = _JWT.sub("eyJhbGciOiJFZERTQSJ9.eyJleGFtcGxlIjp0cnVlfQ.c2lnbmF0dXJl0000", text)
        text = _UUID.sub(lambda found: _stable_id(self._of("id", found[0])), text)
        text = _HEX.sub(
            lambda found: hashlib.sha256(f"digest {self._of('digest', found[0])}".encode()).hexdigest(), text
        )
        text = _CODE.sub(self._credit_code, text)
        return _DATE.sub(self._date, _TIME.sub(self._time, text))

    def _credit_code(self, found: re.Match[str]) -> str:
        if credit_code_check_digit(found[0][:17]) != found[0][17]:
            return found[0]
        body = f"{found[0][:8]}DEMA{self._of('code', found[0]):05d}"
        return body + credit_code_check_digit(body)

    def _date(self, found: re.Match[str]) -> str:
        away = date.fromisoformat(found[0]) - self.began.date()
        return str(MOMENT.date() + away) if -2 <= away.days <= 366 else found[0]

    def _time(self, found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0])
        if moment.year < self.began.year - 1:
            return found[0]
        if (moment.minute, moment.second, moment.microsecond) == (
            0,
            0,
            0,
        ):  # of a day or an hour, not of the clock
            day, after = found[0][:10], found[0][10:]
            return _DATE.sub(self._date, day) + after
        away = round((moment - self.began) / timedelta(days=1))
        return (MOMENT + timedelta(days=away)).isoformat().replace("+00:00", "Z")


def _stable_id(number: int) -> str:
    return f"019c12ab-0000-7000-8000-{number:012d}"


_PAGE_SHOWN = 200
"""Characters of a page: enough to see that it is one."""


def trimmed(value: Any, name: str = "") -> Any:
    """An answer with its long lists cut: enough to see what they hold."""
    match value:
        case dict():
            return {key: trimmed(item, key) for key, item in value.items()}
        case list():
            shown = _CODES_SHOWN if all(isinstance(item, str | int) for item in value) else _ITEMS_SHOWN
            return [trimmed(item, name) for item in value[:shown]]
    return value


@dataclass(slots=True)
class Recorder:
    """The exchanges of one play.

    :param document: the OpenAPI document of the service.
    :ivar found: the example of each operation so far, by operation id.
    """

    document: Mapping[str, Any]
    stable: Stable
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    _routes: list[tuple[str, re.Pattern[str], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
            for method, operation in item.items():
                self._routes.append((method.upper(), pattern, operation["operationId"]))
        # What is written out goes before what a parameter would match too.
        self._routes.sort(key=lambda route: route[1].groups)

    def wants(self, name: str) -> bool:
        """Whether an operation has no example yet, or one of an empty list."""
        return name not in self.found or _empty(self.found[name]["response"]["body"])

    def _operation(self, request: httpx.Request) -> tuple[re.Match[str] | None, str]:
        for method, pattern, name in self._routes:
            if method == request.method and (at := pattern.fullmatch(request.url.path)):
                return at, name
        return None, ""

    def take(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keep an exchange: the operation's first that succeeded, or the first with something in its list."""
        at, name = self._operation(request)
        if at is None:
            return
        if not response.is_success:
            return
        body = _read(response.headers.get("content-type", ""), response.content)
        if name in self.found and not (_empty(self.found[name]["response"]["body"]) and not _empty(body)):
            return
        media_type = request.headers.get("content-type", "").split(";")[0]
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        kept = self.stable
        self.found[name] = {
            "request": {
                "path": kept.value(at.groupdict()),
                "query": kept.value(query),
                "media_type": media_type or None,
                "body": kept.value(_read(media_type, request.content)),
            },
            "response": {"status": response.status_code, "body": kept.value(trimmed(body))},
        }


def _empty(body: Any) -> bool:
    return isinstance(body, dict) and body.get("items") == []


def _read(media_type: str, content: bytes) -> Any:
    if not content:
        return None
    if "json" in media_type:
        return json.loads(content)
    text = content.decode()
    if media_type.startswith("text/html"):
        return f"{text[:_PAGE_SHOWN]}…"
    return dict(parse_qsl(text)) if "form" in media_type else text


class Recording(httpx.AsyncHTTPTransport):
    """Sends as always, and lets a recorder see it."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send; both sides are read whole."""
        content = await request.aread()
        request.stream = httpx.ByteStream(content)
        response = await super().handle_async_request(request)
        await response.aread()
        self._recorder.take(request, response)
        return response
