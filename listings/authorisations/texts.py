"""The text of an authorisation as its sides sign it, the digest that names it, and its scope. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.digest import json_digest
from listings.authorisations.domain import Scope
from listings.authorisations.tables import Authorisation, AuthorisationResource


def text_of(row: Authorisation, covered: Sequence[AuthorisationResource]) -> dict[str, Any]:
    """Everything that is agreed, as JSON: the parties, the scope, the term and the shares.

    :param covered: what the version in question covers.
    """
    return {
        "authorisation_id": str(row.id),
        "version": row.version,
        "authorising_body_id": str(row.authorising_body_id) if row.authorising_body_id else None,
        "operator_id": str(row.operator_id),
        "mode": row.mode.value,
        "domains": row.domains,
        "resources": [
            {
                "resource_id": str(one.resource_id),
                "owner_id": str(one.owner_id),
                "right_id": str(one.right_id),
            }
            for one in sorted(covered, key=lambda one: one.resource_id)
        ],
        "columns": row.columns,
        "scenarios": row.scenarios,
        "regions": row.regions,
        "purposes": row.purposes,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat(),
        "exclusive": row.exclusive,
        "consideration": row.consideration.value,
        "shares": {"owner": row.owner_share, "operator": row.operator_share, "platform": row.platform_share},
    }


def text_digest(text: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of a text as canonical JSON."""
    return json_digest(text).hex()


def scope_of(text: dict[str, Any]) -> Scope:
    """What a text lets the operator operate."""
    return Scope(
        resource_ids=frozenset(UUID(one["resource_id"]) for one in text["resources"]),
        columns=None if text["columns"] is None else frozenset(text["columns"]),
        scenarios=tuple(text["scenarios"]),
        regions=tuple(text["regions"]),
        purposes=frozenset(text["purposes"]),
        valid_until=datetime.fromisoformat(text["valid_until"]),
    )
