"""Every GET of the interface that nobody has called yet."""

import re

from market.demo.state import Trade
from tests.reference.recorder import Recorder

QUERIES = {"getStatementOfAccount": {"currency": "CNY"}}


async def read_all(trade: Trade, recorder: Recorder) -> None:
    """Every GET of the interface that nobody has called yet, by whoever may."""
    for path, item in sorted(recorder.document["paths"].items(), key=lambda found: found[0].count("{")):
        operation = item.get("get")
        if operation is None or not recorder.wants(operation["operationId"]):
            continue
        query = QUERIES.get(operation["operationId"], {})
        if operation["operationId"] == "listAuditEntries":
            # Of one thing that only people decide about: what the worker records meanwhile comes in any order.
            query = {"subject_id": trade.made["authorisation_id"]}
        for url in await _addresses(trade, path):
            for desk in trade.desks.values():
                await desk.http.get(url, params=query)
                if not recorder.wants(operation["operationId"]):
                    break
            if not recorder.wants(operation["operationId"]):
                break


async def _addresses(trade: Trade, path: str) -> list[str]:
    """A path with real ids: what the trade made, or what the list before the id holds."""
    found = [""]
    for part in re.split(r"(\{\w+\})", path):
        if not part.startswith("{"):
            found = [start + part for start in found]
            continue
        name = part[1:-1]
        if name in trade.made:
            found = [start + trade.made[name] for start in found]
            continue
        further = []
        for start in found[:3]:
            for desk in trade.desks.values():
                answer = await desk.http.get(start.rstrip("/"))
                items = answer.json().get("items", []) if answer.is_success else []
                further += [f"{start}{item.get('id', item.get('key'))}" for item in items[:3]]
        found = further
    return found[:12]
