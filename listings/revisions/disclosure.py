"""What of a revision may be shown: which columns are masked, and whether it is withheld altogether."""

from dataclasses import dataclass, replace

from infra.db import AsyncSession
from listings.findings import service as findings
from listings.findings.domain import Finding, masked_columns, unsettled
from listings.gradings import service as gradings
from listings.ingest.personal import detect_in_rows
from listings.products import service as products
from listings.products.dictionary import DictionaryEntry, data_dictionary, personal_columns
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


async def get_disclosure(session: AsyncSession, product: DataProduct, row: ProductRevision) -> Disclosure:
    """What may be shown of a revision of a product now.

    Of a revision from before uploads were searched, the rows of the sample are: what is in them is masked, and nothing
    that buyers read already is taken from them.
    """
    resource = await resources.get_resource(session, product.resource_id)
    classes = await gradings.get_classes(session, resource)
    declared = data_dictionary(
        [column["name"] for column in row.columns],
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
    recorded = (await findings.get_detected(session, [row.id])).get(row.id)
    detected = recorded if recorded is not None else detect_in_rows(row.sample)
    found = await findings.get_findings(session, product.id, detected)
    masked = masked_columns(found)
    contradicting = unsettled(found, personal_columns(declared))
    return Disclosure(
        dictionary=[replace(entry, personal=entry.personal or entry.name in masked) for entry in declared],
        findings=found,
        unsettled=contradicting,
        withheld=recorded is not None and bool(contradicting),
    )


async def is_withheld(session: AsyncSession, row: ProductRevision) -> bool:
    """Whether a revision is shown to nobody, since what was detected in it contradicts what was declared."""
    if not (await findings.get_detected(session, [row.id])).get(row.id):
        return False
    product = await products.find_product(session, row.product_id)
    return product is not None and (await get_disclosure(session, product, row)).withheld
