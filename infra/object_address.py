"""How an S3-compatible store is named: ``s3://bucket/prefix?endpoint=https://…&region=…``. Pure."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlsplit

DEFAULT_REGION = "us-east-1"
_ASKED = {"endpoint", "region", "style"}


@dataclass(frozen=True, slots=True)
class S3Address:
    """Where a bucket is.

    :param prefix: of every key in it; empty for none.
    :param endpoint: ``https://host[:port]`` of a store other than Amazon's.
    :param virtual_hosted: whether the bucket is part of the host's name rather than of the path.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = DEFAULT_REGION
    virtual_hosted: bool = False

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an address.

        :raises ValueError: it is none; the text says what is wrong, and repeats nothing of the address.
        """
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(
                "an object store is written s3://bucket/prefix?endpoint=https://host&region=name"
            )
        if "@" in parts.netloc:
            raise ValueError(
                "an object store's address carries no credentials; they are settings of their own"
            )
        asked = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        if unknown := sorted(asked.keys() - _ASKED):
            raise ValueError(
                f"{', '.join(unknown)}: an object store's address takes endpoint, region and style"
            )
        endpoint = asked.get("endpoint", [None])[0]
        if endpoint is not None and urlsplit(endpoint).scheme not in {"http", "https"}:
            raise ValueError("an object store's endpoint is written https://host or http://host:port")
        style = asked.get("style", ["path" if endpoint else "virtual"])[0]
        if style not in {"path", "virtual"}:
            raise ValueError("an object store's style is path or virtual")
        return cls(
            bucket=parts.netloc,
            prefix=parts.path.strip("/"),
            endpoint=endpoint.rstrip("/") if endpoint else None,
            region=asked.get("region", [DEFAULT_REGION])[0],
            virtual_hosted=style == "virtual",
        )

    @property
    def url(self) -> str:
        """Where requests go; the bucket is part of the host's name where it belongs there."""
        endpoint = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        return endpoint.replace("://", f"://{self.bucket}.", 1) if self.virtual_hosted else endpoint
