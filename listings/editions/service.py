"""Use cases of editions: drafted by the operator, kept for good, read by everybody once they took effect.

Whether one may be published is decided in `listings.publication`, which knows what a product needs for that.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook.domain import Rules
from listings.authorisations import service as authorisations
from listings.editions import repository
from listings.editions.domain import MEMBERS, SUITE, Document, document_digest, with_checks
from listings.editions.errors import EditionOpen, EditionStateForbids
from listings.editions.schemas import EditionUpdate
from listings.editions.states import EDITION, EditionAction, EditionStatus, require_draft
from listings.editions.tables import ProductEdition
from listings.products import service as products
from listings.products.domain import require_purposes
from listings.products.schemas import DictionaryUpdate
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.resources.domain import require_themes
from listings.revisions import columns
from quality.suites import service as suites

SUBJECT = "product_edition"


def document_of(product: DataProduct) -> dict[str, Any]:
    """What a product says and offers now, as the document of an edition."""
    return product.model_dump(mode="json", include=set(MEMBERS))


async def create(session: AsyncSession, actor: Actor, product_id: UUID) -> ProductEdition:
    """Begin an edition of a published product: a copy of the one in force, to be changed.

    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: the product is not published.
    :raises EditionOpen: another edition of it is not decided yet.
    """
    product = await products.lock_own(session, actor, product_id)
    if product.status is not ProductStatus.PUBLISHED:
        raise EditionStateForbids(
            Message("The product is {status}; an edition is made of a published one.", status=product.status),
            remedy=Message(
                "Change a draft itself with PUT /v1/products/{product_id}; while it is submitted, ask the reviewer to"
                " return it; in place of a withdrawn one, list a new product.",
                product_id=product_id,
            ),
            current_status=product.status.value,
        )
    await _require_none_open(session, product_id)
    row = await _draft(session, actor, product)
    await _record(session, actor, row, "created", based_on_id=str(row.based_on_id))
    return row


async def _require_none_open(session: AsyncSession, product_id: UUID) -> None:
    earlier = await repository.get_open(session, product_id)
    if earlier is not None:
        raise EditionOpen(
            Message(
                "The edition {edition_id} of this product is {status}.",
                edition_id=earlier.id,
                status=earlier.status,
            ),
            remedy=Message(
                "Go on with that one, or withdraw it first: POST /v1/editions/{edition_id}/withdrawal.",
                edition_id=earlier.id,
            ),
            edition_id=str(earlier.id),
            current_status=earlier.status.value,
        )


async def _draft(session: AsyncSession, actor: Actor, product: DataProduct) -> ProductEdition:
    document = document_of(product)
    row = ProductEdition(
        product_id=product.id,
        based_on_id=product.edition_id,
        status=EditionStatus.DRAFT,
        document=document,
        digest=document_digest(document),
        created_at=await now(session),
        created_by=actor.id,
    )
    session.add(row)
    await session.flush()
    return row


async def update(
    session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionUpdate
) -> ProductEdition:
    """Change members of a draft; those that are left out stay as they are.

    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: it is no draft, or the first edition of a product that is one.
    :raises UnknownTheme: a theme is not in the code list.
    :raises PurposeNotAuthorised: the authorisation does not cover a purpose.
    :raises PlanNotYours: the operator has no such price plan.
    """
    row, product = await _lock_own_draft(session, actor, edition_id)
    changes = {name: getattr(data, name) for name in data.model_fields_set}
    if "themes" in changes:
        require_themes(changes["themes"])
    if "purposes" in changes:
        authorisation = await authorisations.access_authorisation(session, actor, product.authorisation_id)
        require_purposes(changes["purposes"], authorisation.purposes)
    if "plan_id" in changes:
        await products.require_own_plan(session, product, changes["plan_id"])
    for name in changes.keys() & {"purposes", "delivery_classes"}:
        changes[name] = sorted(set(changes[name]))
    written = data.model_copy(update=changes).model_dump(mode="json", include=set(changes))
    return await _write(session, actor, row, {**row.document, **written})


async def set_dictionary(
    session: AsyncSession, actor: Actor, edition_id: UUID, data: DictionaryUpdate
) -> ProductEdition:
    """Replace what a draft says of the columns.

    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: it is no draft, or the first edition of a product that is one.
    :raises DictionaryRefused: a column is described more than once or is not in the newest revision.
    """
    row, product = await _lock_own_draft(session, actor, edition_id)
    entries = await columns.read_dictionary(session, product, data)
    return await _write(
        session, actor, row, {**row.document, "dictionary": [asdict(entry) for entry in entries]}
    )


async def _lock_own_draft(
    session: AsyncSession, actor: Actor, edition_id: UUID
) -> tuple[ProductEdition, DataProduct]:
    row, product = await lock_own(session, actor, edition_id)
    require_draft(row.status)
    require_later(row)
    return row, product


async def _write(
    session: AsyncSession, actor: Actor, row: ProductEdition, document: dict[str, Any]
) -> ProductEdition:
    row.document, row.digest = document, document_digest(document)
    await session.flush()
    await _record(session, actor, row, "changed", digest=row.digest)
    return row


def require_later(row: ProductEdition) -> None:
    """Refuse to handle the first edition of a product apart from the product, whose draft it is.

    :raises EditionStateForbids: it is the first.
    """
    if row.based_on_id is None:
        raise EditionStateForbids(
            Message("This is the first edition, which is changed and decided with its product."),
            remedy=Message(
                "Use the product itself: PUT /v1/products/{product_id}, and its dictionary, price-plan, submission,"
                " approval, return and withdrawal.",
                product_id=row.product_id,
            ),
            current_status=row.status.value,
        )


async def access_edition(session: AsyncSession, actor: Actor, edition_id: UUID) -> ProductEdition:
    """An edition the actor can access: its product's parties, and once submitted any regulator.

    :raises NotFound: there is none the actor can access.
    """
    row = await repository.get_visible(session, actor, edition_id)
    if row is None:
        raise NotFound(
            Message("There is no such edition."),
            remedy=Message("GET /v1/editions lists those you can access."),
        )
    return row


async def lock_own(
    session: AsyncSession, actor: Actor, edition_id: UUID
) -> tuple[ProductEdition, DataProduct]:
    """An edition of a product of the actor's own organisation, with its product locked until the transaction ends.

    :raises NotFound: there is none the actor can access.
    :raises Forbidden: the actor does not belong to the operator.
    """
    found = await access_edition(session, actor, edition_id)
    product = await products.lock_own(session, actor, found.product_id)
    return await access_edition(session, actor, edition_id), product


async def list_editions(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID | None,
    status: EditionStatus | None,
    page: PageRequest,
) -> tuple[Sequence[ProductEdition], str | None]:
    """One page of the editions the actor can access, newest first."""
    return await repository.list_visible(session, actor, product_id, status, page)


async def list_published(
    session: AsyncSession, product_id: UUID, page: PageRequest
) -> tuple[Sequence[ProductEdition], str | None]:
    """One page of the editions of a product that took effect, newest first; the caller knows who may read them."""
    return await repository.list_published(session, product_id, page)


async def find_published(session: AsyncSession, product_id: UUID, number: int) -> ProductEdition | None:
    """The edition of a product with this number; the caller knows who may read it."""
    return await repository.get_published(session, product_id, number)


async def find_frequency_since(session: AsyncSession, product_id: UUID) -> datetime | None:
    """Since when a product's editions have said the update frequency of the one in force; None before the first."""
    since = None
    said = await repository.list_frequencies(session, product_id)
    for frequency, effective_at in said:
        if frequency != said[0][0]:
            break
        since = effective_at
    return since


async def find_edition(session: AsyncSession, edition_id: UUID) -> ProductEdition | None:
    """An edition, whoever asks."""
    return (await repository.get_many(session, [edition_id])).get(edition_id)


async def get_bases(session: AsyncSession, rows: Sequence[ProductEdition]) -> dict[UUID, Document]:
    """By the id of each edition that is based on another, the document of that one."""
    bases = {row.id: row.based_on_id for row in rows if row.based_on_id is not None}
    documents = await repository.get_many(session, set(bases.values()))
    # What took effect before there were suites was under the first one, which came with them.
    silent = {row.product_id for row in documents.values() if row.document.get(SUITE) is None}
    first = await suites.first_ids(session, silent) if silent else {}
    return {
        edition_id: _naming(documents[base].document, first.get(documents[base].product_id))
        for edition_id, base in bases.items()
    }


def _naming(document: Document, suite_id: UUID | None) -> Document:
    if document.get(SUITE) is not None or suite_id is None:
        return document
    return {**document, SUITE: str(suite_id)}


async def get_compared(session: AsyncSession, row: ProductEdition) -> tuple[Document | None, Document]:
    """The document an edition is based on, None of a first one, and its own; both with their checks."""
    base = (await get_bases(session, [row])).get(row.id)
    compared = await add_checks(session, [row.document] if base is None else [base, row.document])
    return (compared[0] if base is not None else None), compared[-1]


async def add_checks(session: AsyncSession, documents: Sequence[Document]) -> list[Document]:
    """Documents with the checks of the suites they name, so that they are compared check by check."""
    named = {UUID(document[SUITE]) for document in documents if document.get(SUITE)}
    found = await suites.get_many(session, named)
    checks = {str(suite.id): suite.checks for suite in found.values()}
    return [with_checks(document, checks.get(document.get(SUITE) or "", ())) for document in documents]


async def set_suite(
    session: AsyncSession, actor: Actor, row: ProductEdition, suite_id: UUID
) -> ProductEdition:
    """Have a draft name another version of its product's suite.

    :param row: its product is locked.
    :raises EditionStateForbids: it is no draft.
    """
    require_draft(row.status)
    return await _write(session, actor, row, {**row.document, SUITE: str(suite_id)})


async def submit_first(
    session: AsyncSession, actor: Actor, product: DataProduct, rules: Rules
) -> ProductEdition:
    """Keep what a locked draft product says as its first edition, which is now submitted."""
    row = await repository.get_open(session, product.id) or await _draft(session, actor, product)
    row.document = document_of(product)
    row.digest = document_digest(row.document)
    await session.flush()
    return await submit(session, actor, row, rules)


async def submit(session: AsyncSession, actor: Actor, row: ProductEdition, rules: Rules) -> ProductEdition:
    """Mark a draft, whose product is locked, as submitted for review.

    :param rules: those that it was found complete by.
    :raises EditionStateForbids: it is no draft.
    """
    target, moment = EDITION.next_state(row.status, EditionAction.SUBMIT), await now(session)
    row.status, row.submitted_at, row.submitted_by = target, moment, actor.id
    row.rules = rules.stamp()
    await session.flush()
    await _record(session, actor, row, "submitted", rules=rules, digest=row.digest)
    return row


async def find_open(session: AsyncSession, product_id: UUID) -> ProductEdition | None:
    """The edition of a product that is not decided yet."""
    return await repository.get_open(session, product_id)


async def withdraw(session: AsyncSession, actor: Actor, row: ProductEdition, reason: str) -> ProductEdition:
    """The operator gives up an edition whose product is locked.

    :raises EditionStateForbids: it is decided already.
    """
    row.status = EDITION.next_state(row.status, EditionAction.WITHDRAW)
    row.withdrawal_reason = reason
    await session.flush()
    await _record(session, actor, row, "withdrawn", reason=reason)
    return row


async def _record(
    session: AsyncSession,
    actor: Actor,
    row: ProductEdition,
    what: str,
    *,
    rules: Rules | None = None,
    **detail: object,
) -> None:
    await audit.record(
        session,
        actor,
        action=f"{SUBJECT}.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail={"product_id": str(row.product_id), **detail},
        rules=rules,
    )
