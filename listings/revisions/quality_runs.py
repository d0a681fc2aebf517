"""Use cases of the quality run of a revision: how far it is, cancelled, requested again."""

from uuid import UUID

from infra.auth import Actor
from infra.db import AsyncSession
from infra.errors import Forbidden
from infra.messages import Message
from listings.products import service as products
from listings.revisions.service import access_revision
from quality.runs import control as quality
from quality.runs.control import RunProgressFacts


async def get_run(session: AsyncSession, actor: Actor, revision_id: UUID) -> RunProgressFacts:
    """The newest quality run of a revision of a product the actor can access.

    :raises NotFound: there is none the actor can access, or it was never to be checked.
    """
    row, _ = await access_revision(session, actor, revision_id)
    return await quality.get_run_progress(session, row.id)


async def cancel_run(session: AsyncSession, actor: Actor, revision_id: UUID) -> RunProgressFacts:
    """Cancel the run of a revision, as the operator of its product.

    :raises NotFound: there is none the actor can access.
    :raises Forbidden: the actor is not of the operator.
    :raises RunStateForbids: it has ended.
    """
    await _require_operator(session, actor, revision_id)
    await quality.cancel_run(session, actor, revision_id)
    return await quality.get_run_progress(session, revision_id)


async def retry_run(session: AsyncSession, actor: Actor, revision_id: UUID) -> RunProgressFacts:
    """Request the run of a revision again that could not be carried out or was cancelled.

    :raises NotFound: there is none the actor can access.
    :raises Forbidden: the actor is not of the operator.
    :raises RunStateForbids: it waits, runs, or has come to a report in which no check was left undone.
    """
    await _require_operator(session, actor, revision_id)
    await quality.retry_run(session, actor, revision_id)
    return await quality.get_run_progress(session, revision_id)


async def _require_operator(session: AsyncSession, actor: Actor, revision_id: UUID) -> None:
    row, _ = await access_revision(session, actor, revision_id)
    product = await products.access_product(session, actor, row.product_id)
    if product.operator_id != actor.organisation_id:
        raise Forbidden(
            Message("Only the operator of the product decides about its quality checks."),
            remedy=Message("Ask the operator named in operator_id to do it."),
        )
