"""Every error that the service reports to a caller.

The tree::

    MarketError                 500
    ├── Malformed               400  the request itself cannot be read (syntax, header, query parameter)
    ├── Unauthenticated         401  credentials are missing or invalid
    ├── Forbidden               403  known, and not allowed
    ├── NotFound                404  absent, or not accessible to the caller
    ├── MethodNotAllowed        405
    ├── RequestTimeout          408  the body did not come in time
    ├── Conflict                409  the state of the thing forbids it
    ├── TooLarge                413
    ├── UnsupportedType         415
    ├── Invalid                 422  the payload does not validate
    ├── QuotaExceeded           429
    └── Unavailable             503  a dependency is away; carries Retry-After

A slice subclasses one of these, gives it a ``slug`` of its own and says in ``remedy`` what the caller can do.
Answers are RFC 9457 problem documents whose ``type`` is ``urn:data-market:problem:<slug>``.
"""

from typing import Any, ClassVar

from infra.messages import Message, translate, translate_throughout

PROBLEM_MEDIA_TYPE = "application/problem+json"
_RESERVED = frozenset({"type", "title", "status", "detail", "instance"})

PROBLEM_TYPE_PREFIX = "urn:data-market:problem:"


class MarketError(Exception):
    """An error that is reported to the caller.

    :param detail: what was wrong this time, in one sentence for a person.
    :param remedy: what to do about it, where there is something to do.
    :param extensions: further members of the problem document; JSON values only, never secrets.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[Message] = Message("Internal server error")
    usual_remedy: ClassVar[Message | None] = None
    """What to do where the one who raises knows nothing better."""

    def __init__(self, detail: Message, *, remedy: Message | None = None, **extensions: Any) -> None:
        super().__init__(detail)
        assert not _RESERVED & extensions.keys(), "RFC 9457 has a meaning of its own for that member"
        self.detail = detail
        self.remedy = remedy or self.usual_remedy
        self.extensions = extensions

    def headers(self) -> dict[str, str]:
        """Response headers that go with the status; none unless a subclass needs them."""
        return {}

    def problem(self, instance: str | None = None, *, language: str = "en") -> dict[str, Any]:
        """The problem document (RFC 9457) as a JSON-ready mapping.

        :param language: of title, detail and remedy; ``type`` and the other members are the same in every language.
        """
        document: dict[str, Any] = {
            **translate_throughout(self.extensions, language),
            "type": PROBLEM_TYPE_PREFIX + self.slug,
            "title": translate(self.title, language),
            "status": self.status,
            "detail": translate(self.detail, language),
        }
        if self.remedy:
            document["remedy"] = translate(self.remedy, language)
        if instance:
            document["instance"] = instance
        return document


class Malformed(MarketError):
    """400: the request cannot be read."""

    status = 400
    slug = "malformed-request"
    title = Message("Malformed request")


class Unauthenticated(MarketError):
    """401: credentials are missing or invalid."""

    status = 401
    slug = "unauthenticated"
    title = Message("Authentication required")

    def headers(self) -> dict[str, str]:
        """The challenge that RFC 9110 asks of a 401."""
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(MarketError):
    """403: the caller is known and may not do this."""

    status = 403
    slug = "forbidden"
    title = Message("Permission denied")


class NotFound(MarketError):
    """404: absent, or not accessible to the caller."""

    status = 404
    slug = "not-found"
    title = Message("Not found")
    usual_remedy = Message(
        "Check the id, and of what it is one. What your organisation cannot access is answered in the same way."
    )


class MethodNotAllowed(MarketError):
    """405: the path exists and does not take this method."""

    status = 405
    slug = "method-not-allowed"
    title = Message("Method not allowed")


class RequestTimeout(MarketError):
    """408: the body did not come in time. The connection ends, since what may still come cannot be told apart."""

    status = 408
    slug = "request-timeout"
    title = Message("Request body too slow")

    def headers(self) -> dict[str, str]:
        """The connection is not used again (RFC 9110, section 15.5.9)."""
        return {"Connection": "close"}


class Conflict(MarketError):
    """409: the state of the thing forbids it."""

    status = 409
    slug = "conflict"
    title = Message("Conflict with the current state")


class TooLarge(MarketError):
    """413: more bytes than the service takes."""

    status = 413
    slug = "too-large"
    title = Message("Content too large")


class UnsupportedType(MarketError):
    """415: a media type the route does not take."""

    status = 415
    slug = "unsupported-media-type"
    title = Message("Unsupported media type")


class Invalid(MarketError):
    """422: the payload was read and does not validate."""

    status = 422
    slug = "invalid-payload"
    title = Message("Invalid payload")


class QuotaExceeded(MarketError):
    """429: the caller has used what it may use."""

    status = 429
    slug = "quota-exceeded"
    title = Message("Quota exceeded")


class Unavailable(MarketError):
    """503: something the service needs is away for the moment.

    :param retry_after: seconds after which a retry makes sense.
    """

    status = 503
    slug = "unavailable"
    title = Message("Service unavailable")

    def __init__(
        self, detail: Message, *, retry_after: int = 1, remedy: Message | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail, remedy=remedy, **extensions)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after)}
