"""The child process that tries a revision out: :func:`infra.child_process.serve` says how it is asked and bounded.

A request is ``{"root", "path", "columns", "rows", "row_bytes", "threads", "memory_mb", "seconds"}``; the answer is
``{"reason"}``, null when every page could be made. Without a path they are made of a table that it writes itself: a
number and a text.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from infra.child_process import Handler, serve

_REVISION = UUID(int=0)


def _load() -> Handler:
    import duckdb  # within the limits

    from infra.errors import MarketError
    from listings.ingest.result import Column, Kind

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        columns = tuple(
            Column(**{**column, "kind": Kind(column["kind"])}) for column in request.pop("columns")
        )
        try:
            if request["path"] is None:
                request["path"] = str(_write_known(Path(request["root"]), request["rows"]))
            asyncio.run(_make_pages(columns, request))
        except MarketError as refusal:
            return {"reason": str(refusal.detail)}
        except (duckdb.Error, ValueError, KeyError) as error:
            return {"reason": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        return {"reason": None}

    return answer


def _write_known(folder: Path, rows: int) -> Path:
    import duckdb

    path = folder / "known.parquet"
    with duckdb.connect() as connection:
        known = connection.sql("SELECT range AS n, 'text ' || range AS t FROM range(?)", params=[rows])
        known.write_parquet(str(path))
    return path


async def _make_pages(columns: Sequence[Any], request: Mapping[str, Any]) -> None:
    """:raises MarketError, duckdb.Error, ValueError, KeyError: a page cannot be made, or is not what was asked for."""
    from listings.revisions.domain import RevisionFacts
    from market.delivery.domain import read_query
    from market.delivery.engine import Engine

    revision = RevisionFacts(
        _REVISION, _REVISION, 0, "", "", tuple(columns), request["rows"], request["row_bytes"]
    )
    by_name = {column.name: column for column in columns}
    engine = Engine(
        Path(request["root"]),
        threads=request["threads"],
        memory_mb=request["memory_mb"],
        seconds=request["seconds"],
    )
    try:
        for raw in _queries([column.name for column in columns], request["rows"]):
            query = read_query(raw, by_name, _REVISION)
            page = await engine.page(Path(request["path"]), query, revision)
            items = json.loads(page.body)["items"]
            names = [column.name for column in query.columns]
            if any(list(item) != names for item in items):
                raise ValueError("a row has other columns than the revision")
            if not items and not query.filters:
                raise ValueError("a page that should hold rows is empty")
    finally:
        await engine.close()


def _queries(names: Sequence[str], rows: int) -> Iterator[str]:
    """What a buyer may ask: the first page, the longest, one from the middle and the last; and each column by name."""
    from market.delivery.cursors import encode_cursor
    from market.delivery.domain import MAX_FILTERS, MAX_LIMIT, MAX_QUERY_LENGTH

    yield ""
    yield urlencode({"limit": MAX_LIMIT})
    for after in {rows // 2 - 1, rows - 2}:
        if after >= 0:
            yield urlencode({"limit": MAX_LIMIT, "cursor": encode_cursor(_REVISION, after)})
    some: list[tuple[str, str]] = [("limit", "1")]
    for name in names:
        asked = [("select", name), ("filter", f"{name}:is_null:false")]
        if len(some) > 2 * MAX_FILTERS or len(urlencode([*some, *asked])) > MAX_QUERY_LENGTH:
            yield urlencode(some)
            some = some[:1]
        some += asked
    yield urlencode(some)


if __name__ == "__main__":
    serve(_load)
