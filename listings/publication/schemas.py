"""What goes in to a publication over HTTP."""

from pydantic import Field

from infra.schema import Input, Reason, Sha256Hex
from listings.editions.schemas import ReturnCreate

_AS_READ = (
    "Of the product's first edition as you read it; refused when changed since, not compared when left out"
)


class ApprovalRequest(Input):
    """An approval of what was read, with a note if there is something to add."""

    digest: Sha256Hex | None = Field(None, description=_AS_READ)
    note: Reason | None = None


class ProductReturn(ReturnCreate):
    """A return of a product that was read."""

    digest: Sha256Hex | None = Field(None, description=_AS_READ)
