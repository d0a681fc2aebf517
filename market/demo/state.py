"""What a demo trade has made so far."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.db import new_id
from market.demo.desk import Connect, Desk, Login

CALLS = 20
"""Metered calls of one trade, before those that are refused."""


@dataclass(slots=True)
class Trade:
    """What a trade has made so far; the steps fill it in."""

    connect: Connect
    admin: Login
    file: Path
    titles: tuple[str, str]
    mark: str = field(default_factory=lambda: new_id().hex[-8:])
    desks: dict[str, Desk] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    breaks_before: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    page: int = 1

    def facts(self, base_url: str) -> dict[str, Any]:
        """Everything a script needs to go on from here."""
        people = [self.admin, *(desk.login for desk in self.desks.values())]
        return {
            "base_url": base_url,
            "people": {
                person.desk: {"email": person.email, "password": person.password}
                | ({} if person.secret is None else {"authenticator_secret": person.secret})
                for person in people
            },
            "program": self.made["program"],
            **{
                name: self.made[name]
                for name in (
                    "resource_id",
                    "product_id",
                    "revision_id",
                    "agreement_id",
                    "licence_id",
                    "invoice_id",
                )
            },
            "licence_token": self.made["token"],
            "purpose": "industry",
            "curl": curl_line(base_url, self.made["product_id"], self.made["token"], self.page),
        }


def curl_line(base_url: str, product_id: str, token: str, limit: int) -> str:
    """A line to paste into a terminal: one metered call."""
    return (
        f"curl -s '{base_url}/data/{product_id}/records?limit={limit}' "
        f"-H 'Authorization: Bearer {token}' -H 'Data-Purpose: industry'"
    )
