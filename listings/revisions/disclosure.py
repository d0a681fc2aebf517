"""What of a revision may be shown: which columns are masked, and whether it is withheld altogether."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.db import AsyncSession
from listings.findings import service as findings
from listings.findings.domain import Finding, masked_columns, unsettled
from listings.gradings import service as gradings
from listings.ingest.personal import Detected
from listings.products import service as products
from listings.products.dictionary import (
    DictionaryEntry,
    data_dictionary,
    guarded_columns,
    mask_rules,
    personal_columns,
)
from listings.products.masking import MaskRule, remask, uncounted_rules
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.revisions.tables import ProductRevision


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be shown of a revision.

    :ivar dictionary: one entry a column, with the class in effect; personal are those declared as such, and those in
        which personal information was detected.
    :ivar findings: what was detected, each with what was decided about it.
    :ivar unsettled: findings that contradict what was declared.
    :ivar withheld: whether the revision is shown to nobody until they are settled.
    """

    dictionary: list[DictionaryEntry]
    findings: list[Finding]
    unsettled: list[Finding]
    withheld: bool

    @property
    def rules(self) -> dict[str, MaskRule | None]:
        """How the values of each column are shown."""
        return mask_rules(self.dictionary)

    @property
    def uncounted_rules(self) -> dict[str, MaskRule | None]:
        """The same for rows of which nobody has counted how many share what is left of them."""
        return uncounted_rules(self.rules, guarded_columns(self.dictionary))


async def get_disclosure(session: AsyncSession, product: DataProduct, row: ProductRevision) -> Disclosure:
    """What may be shown of a revision of a product now.

    Of a revision from before uploads were searched, the rows of the sample were: what was in them is masked, and
    nothing that buyers read already is taken from them.
    """
    recorded = (await findings.get_detected(session, [row.id])).get(row.id)
    names = [column["name"] for column in row.columns]
    if recorded is not None:
        return await disclose(session, product, names, recorded)
    in_sample = [Detected.from_json(one) for one in row.profile.get("sample_detected", [])]
    return replace(await disclose(session, product, names, in_sample), withheld=False)


async def disclose(
    session: AsyncSession, product: DataProduct, columns: Sequence[str], detected: Sequence[Detected]
) -> Disclosure:
    """What may be shown of data with these columns, of a product, in which this was detected."""
    resource = await resources.get_resource(session, product.resource_id)
    classes = await gradings.get_classes(session, resource)
    declared = data_dictionary(
        columns,
        products.get_described_columns(product),
        personal=resource.personal_information,
        units={c.name: c.unit for c in products.get_declared_columns(product) if c.unit},
    )
    marked = await findings.get_personal_columns(session, product.id)
    declared = [
        replace(
            entry,
            personal=entry.personal or entry.name in marked,
            classification=classes.of(entry.name, entry.classification),
        )
        for entry in declared
    ]
    found = await findings.get_findings(session, product.id, detected)
    masked = masked_columns(found)
    contradicting = unsettled(found, personal_columns(declared))
    return Disclosure(
        dictionary=[replace(entry, personal=entry.personal or entry.name in masked) for entry in declared],
        findings=found,
        unsettled=contradicting,
        withheld=bool(contradicting),
    )


def stored_rules(row: ProductRevision) -> dict[str, MaskRule | None]:
    """The rules that the sample of a revision was masked by when it was stored."""
    stored: dict[str, dict[str, Any] | None] = row.profile.get("sample_rules", {})
    return {name: MaskRule.from_json(rule) if rule is not None else None for name, rule in stored.items()}


def first_rows(row: ProductRevision, disclosure: Disclosure) -> list[dict[str, Any]]:
    """The first rows of a revision as they may be shown now."""
    return remask(row.sample, stored_rules(row), disclosure.uncounted_rules)


async def is_withheld(session: AsyncSession, row: ProductRevision) -> bool:
    """Whether a revision is shown to nobody, since what was detected in it contradicts what was declared."""
    if not (await findings.get_detected(session, [row.id])).get(row.id):
        return False
    product = await products.find_product(session, row.product_id)
    return product is not None and (await get_disclosure(session, product, row)).withheld
