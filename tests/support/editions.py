"""Editions of published products, over HTTP."""

from typing import Any

from tests.support.parties import Party


async def drafted(operator: Party, product_id: str, **changes: Any) -> dict[str, Any]:
    """An edition of a published product that changes what is named."""
    edition = await operator.post(f"/v1/products/{product_id}/editions")
    if changes:
        edition = await operator.call("PATCH", f"/v1/editions/{edition['id']}", changes, status=200)
    return edition


async def submitted_edition(operator: Party, product_id: str, **changes: Any) -> dict[str, Any]:
    """An edition that waits for review."""
    edition = await drafted(operator, product_id, **changes)
    return await operator.post(f"/v1/editions/{edition['id']}/submission", status=200)


async def decide(
    regulator: Party, edition: dict[str, Any], decision: str, *, status: int = 200, **body: Any
) -> dict[str, Any]:
    """A decision about an edition as it is shown: approval, return or refusal."""
    return await regulator.post(
        f"/v1/editions/{edition['id']}/{decision}", {"digest": edition["digest"]} | body, status=status
    )


async def in_force(operator: Party, regulator: Party, product_id: str, **changes: Any) -> dict[str, Any]:
    """An edition that took effect."""
    return await decide(regulator, await submitted_edition(operator, product_id, **changes), "approval")
