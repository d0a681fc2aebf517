"""Use cases of proposals: made by the worker, confirmed or rejected by a person; nothing is described by itself."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from infra import jobs
from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.messages import Message
from listings.classification import repository
from listings.classification.answers import ProposalAnswer, ShownProposal
from listings.classification.proposals import Proposal
from listings.classification.schemas import (
    EditionProposalConfirmation,
    ProposalConfirmation,
    ProposalRejection,
)
from listings.classification.tables import ProposalDecision, RevisionProposals
from listings.editions import service as editions
from listings.editions.tables import ProductEdition
from listings.findings import service as findings
from listings.gradings import service as gradings
from listings.gradings.domain import strictest
from listings.products import service as products
from listings.products.dictionary import DictionaryEntry
from listings.products.masking import allowed_methods
from listings.products.schemas import DictionaryEntryUpdate, DictionaryUpdate, MaskRuleUpdate
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.domain import Classification
from listings.revisions import columns as revision_columns
from listings.revisions import service as revisions
from listings.revisions.domain import RevisionFacts

JOB = "classification.propose"
"""Kind of the job that looks at a revision's columns: ``{"revision_id"}``."""


async def request_proposals(session: AsyncSession, revision_id: UUID) -> None:
    """Ask for a look at the columns of a revision, inside the caller's transaction."""
    key = f"{JOB}:{revision_id}"
    await jobs.enqueue(session, JOB, {"revision_id": str(revision_id)}, dedupe_key=key)


async def ask(session: AsyncSession, actor: Actor, revision_id: UUID) -> None:
    """A party asks for a look at the columns of a revision that has none, such as one of before there were proposals.

    :raises NotFound: there is no such revision the actor can access.
    """
    row, _ = await revisions.access_revision(session, actor, revision_id)
    if await repository.get(session, row.id) is None:
        await request_proposals(session, row.id)


async def record(session: AsyncSession, facts: RevisionFacts, proposals: Sequence[Proposal]) -> None:
    """Record what was proposed; of two workers at once the first one's stays."""
    await repository.insert_once(
        session,
        RevisionProposals(
            revision_id=facts.id,
            product_id=facts.product_id,
            proposals=[one.to_json() for one in proposals],
            made_at=await now(session),
        ),
    )


async def get_detected(session: AsyncSession, revision_id: UUID) -> list[tuple[str, str]]:
    """Columns and kinds that were found in every value of a revision when its file came in."""
    found = await findings.get_detected(session, [revision_id])
    return [(one.column, one.kind.value) for one in found.get(revision_id, [])]


async def list_proposals(
    session: AsyncSession, actor: Actor, revision_id: UUID
) -> list[ShownProposal] | None:
    """What is proposed for the columns of a revision; None while it was not looked at.

    :raises NotFound: there is no such revision the actor can access.
    """
    row, _ = await revisions.access_revision(session, actor, revision_id)
    made = await repository.get(session, row.id)
    if made is None:
        return None
    product = await products.find_product(session, row.product_id)
    assert product is not None, "a revision has a product"
    classes = await gradings.get_classes(session, await resources.get_resource(session, product.resource_id))
    answers = await repository.newest_decisions(session, product.id)
    shown = []
    for one in (Proposal.from_json(document) for document in made.proposals):
        answer = answers.get(one.column)
        floor = classes.floor(one.column)
        shown.append(
            ShownProposal(
                one,
                strictest([one.classification, floor], floor),
                answer.answer if answer else None,
                answer.reason if answer else None,
            )
        )
    return shown


async def confirm(
    session: AsyncSession, actor: Actor, revision_id: UUID, data: ProposalConfirmation
) -> DataProduct:
    """The operator takes a proposal over into the draft's dictionary, as it is or corrected.

    :raises NotFound: there is no such proposal the actor can access.
    :raises Forbidden: the actor does not belong to the operator.
    :raises ProductStateForbids: the product is no draft.
    :raises ColumnClassRefused: the class that is stated is below the column's.
    """
    one, product = await _proposed(session, actor, revision_id, data.column)
    dictionary = _confirmed(products.get_described_columns(product), one, data)
    row = await revision_columns.set_dictionary(session, actor, product.id, dictionary)
    entry = dictionary.columns[-1]
    await _decide(session, actor, product, revision_id, data.column, ProposalAnswer.CONFIRMED, entry, None)
    return row


async def confirm_in_edition(
    session: AsyncSession, actor: Actor, edition_id: UUID, data: EditionProposalConfirmation
) -> ProductEdition:
    """The operator takes a proposal over into the dictionary of a draft edition, as it is or corrected.

    :raises NotFound: there is no such edition or proposal the actor can access, or they are of different products.
    :raises Forbidden: the actor does not belong to the operator.
    :raises EditionStateForbids: the edition is no draft, or the first edition of a product that is one.
    :raises ColumnClassRefused: the class that is stated is below the column's.
    """
    row, product = await editions.lock_own(session, actor, edition_id)
    one, proposed_of = await _proposed(session, actor, data.revision_id, data.column)
    if proposed_of.id != product.id:
        raise _nothing_proposed(data.column)
    described = {entry["name"]: DictionaryEntry.from_json(entry) for entry in row.document["dictionary"]}
    dictionary = _confirmed(described, one, data)
    row = await editions.set_dictionary(session, actor, row.id, dictionary)
    entry = dictionary.columns[-1]
    await _decide(
        session,
        actor,
        product,
        data.revision_id,
        data.column,
        ProposalAnswer.CONFIRMED,
        entry,
        None,
        edition_id=row.id,
    )
    return row


def _confirmed(
    described: Mapping[str, DictionaryEntry], one: ShownProposal, data: ProposalConfirmation
) -> DictionaryUpdate:
    """A dictionary with what was confirmed, as its last entry, in place of what it said of the column."""
    proposal = one.proposal
    stated = data.model_dump(exclude={"column", "revision_id"}, exclude_none=True)
    if data.sensitive:
        stated["personal"] = True
    elif data.personal is False:
        stated["sensitive"] = False
    # A class that only repeats the column's own is left to it, so that a later grading has effect.
    own = proposal.classification if one.classification is proposal.classification else None
    entry = DictionaryEntryUpdate.model_validate(
        {
            "name": data.column,
            "title_zh": proposal.title_zh,
            "title_en": proposal.title_en,
            "unit": proposal.unit,
            "personal": proposal.personal,
            "sensitive": proposal.sensitive,
            "classification": None if own is Classification.GENERAL else own,
            **stated,
        }
    )
    known = described.get(data.column)
    if known is not None and known.mask is not None:
        allowed = allowed_methods(
            strictest([entry.classification or one.classification], one.classification),
            personal=entry.personal,
            sensitive=entry.sensitive,
        )
        # How its values are shown was nobody's question here; what is not allowed any more gives way to the usual rule.
        if known.mask.method in allowed:
            entry = entry.model_copy(
                update={"mask": MaskRuleUpdate.model_validate(known.mask, from_attributes=True)}
            )
    kept = [_as_update(other) for name, other in described.items() if name != data.column]
    return DictionaryUpdate(columns=[*kept, entry])


async def reject(
    session: AsyncSession, actor: Actor, revision_id: UUID, data: ProposalRejection
) -> ShownProposal:
    """A party says that a proposal is wrong, and why; the dictionary stays as it is.

    :raises NotFound: there is no such proposal the actor can access, or the actor is no party.
    """
    one, product = await _proposed(session, actor, revision_id, data.column)
    product = await products.lock_party(session, actor, product.id)
    await _decide(
        session, actor, product, revision_id, data.column, ProposalAnswer.REJECTED, None, data.reason
    )
    return ShownProposal(one.proposal, one.classification, ProposalAnswer.REJECTED, data.reason)


async def _proposed(
    session: AsyncSession, actor: Actor, revision_id: UUID, column: str
) -> tuple[ShownProposal, DataProduct]:
    shown = await list_proposals(session, actor, revision_id)
    found = next((one for one in shown or () if one.proposal.column == column), None)
    if found is None:
        raise _nothing_proposed(column)
    row, _ = await revisions.access_revision(session, actor, revision_id)
    return found, await products.access_product(session, actor, row.product_id)


def _nothing_proposed(column: str) -> NotFound:
    return NotFound(
        Message("Nothing is proposed for column {column}.", column=column),
        remedy=Message("GET /v1/revisions/{revision_id}/column-proposals lists what is proposed."),
    )


def _as_update(entry: DictionaryEntry) -> DictionaryEntryUpdate:
    return DictionaryEntryUpdate.model_validate(entry, from_attributes=True)


async def _decide(
    session: AsyncSession,
    actor: Actor,
    product: DataProduct,
    revision_id: UUID,
    column: str,
    answer: ProposalAnswer,
    entry: DictionaryEntryUpdate | None,
    reason: str | None,
    *,
    edition_id: UUID | None = None,
) -> None:
    document = entry.model_dump(mode="json") if entry else None
    session.add(
        ProposalDecision(
            product_id=product.id,
            revision_id=revision_id,
            column_name=column,
            answer=answer,
            entry=document,
            reason=reason,
            decided_by=actor.id,
            decided_at=await now(session),
        )
    )
    await session.flush()
    await audit.record(
        session,
        actor,
        action=f"column_proposal.{answer}",
        subject_kind="product",
        subject_id=product.id,
        detail={
            "revision_id": str(revision_id),
            "edition_id": str(edition_id) if edition_id else None,
            "column": column,
            "entry": document,
            "reason": reason,
        },
    )
