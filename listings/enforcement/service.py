"""Use cases of enforcement: what the clock and the data bring to a procedure, and what a regulator decides about it.

The schedule may run anywhere, more than once and at the same time: a product is locked for each step, and a step is
taken only from the state that it found.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from infra.auth import SYSTEM, Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook
from infra.rulebook.domain import Rules
from listings.enforcement import effects, repository
from listings.enforcement.domain import (
    NO_CALLS,
    EnforcementRules,
    ProductFacts,
    due_action,
    enforcement_rules,
    failed_in_a_row,
    find_ground,
    is_cured,
    may_request,
    persists,
    require_later,
)
from listings.enforcement.errors import EnforcementStateForbids
from listings.enforcement.notices import WITHDRAWN
from listings.enforcement.states import (
    OPEN,
    PROCEDURE,
    STOPPED,
    EnforcementAction,
    EnforcementGround,
    EnforcementStatus,
)
from listings.enforcement.tables import EnforcementProcedure, EnforcementStep
from listings.freshness import service as freshness
from listings.products import service as products
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.publication.service import lock_for_review
from listings.registrations import service as registrations
from listings.revisions.holding import in_both_languages
from quality.observations import service as observations
from quality.observations.domain import CallCounts
from quality.runs import service as quality

LOOK_BACK = 50
"""How many of the newest revisions are looked at for those that failed in a row."""

_DAYS = {
    EnforcementAction.WARN: "enforcement.warning_days",
    EnforcementAction.SET_CURE_PERIOD: "enforcement.cure_days",
    EnforcementAction.SUSPEND: "enforcement.suspension_days",
    EnforcementAction.RELIST: "enforcement.cure_days",
}
"""Step → working days until the next."""


async def list_watched(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Products on the market, and those with an open procedure, after an id."""
    return await repository.list_watched(session, after, limit)


async def follow(session: AsyncSession, product_id: UUID) -> EnforcementAction | None:
    """Take the step that is due for a product: open a procedure, go on with it, or end it; answers which."""
    product = await products.lock_product(session, product_id)
    if product is None or product.published_at is None:
        return None
    rules, moment = await rulebook.in_force(session), await now(session)
    settings = enforcement_rules(rules)
    newest = await repository.lock_newest(session, product_id)
    if newest is None or newest.ended_at is not None:
        if product.status is not ProductStatus.PUBLISHED:
            return None
        facts = await _facts(session, product, settings, moment)
        ground = find_ground(facts, settings, moment)
        if ground is None:
            return None
        await _open(session, product, ground, facts, rules, moment)
        return EnforcementAction.WARN
    facts = await _facts(session, product, settings, moment, newest)
    action = due_action(
        newest.status,
        newest.due_at,
        moment,
        cured=is_cured(newest.ground, facts, settings, moment),
        persists=persists(newest.ground, newest.status, facts, settings, moment),
        withdrawn=product.status is ProductStatus.WITHDRAWN,
    )
    if action is EnforcementAction.HOLD:
        newest.due_at = None
        await effects.note(session, SYSTEM, product, newest, action, in_both_languages(WITHDRAWN))
    elif action is not None:
        reason = in_both_languages(WITHDRAWN) if action is EnforcementAction.TERMINATE else None
        await _step(session, SYSTEM, product, newest, action, reason, rules)
    return action


async def extend(
    session: AsyncSession, actor: Actor, procedure_id: UUID, due_at: datetime, reason: str
) -> EnforcementProcedure:
    """A regulator leaves more time until the next step.

    :raises NotFound: there is no such procedure.
    :raises Forbidden, SameOrganisation, AnotherOfficer: the actor is of no regulator, or of a party.
    :raises EnforcementStateForbids: it ended, or no deadline runs.
    :raises ExtensionRefused: the new deadline is not later, or too late.
    """
    product, row = await _lock_for_decision(session, actor, procedure_id)
    if row.due_at is None:
        raise EnforcementStateForbids(
            Message("No deadline runs in the procedure."),
            remedy=Message("Terminate it, or relist the product, where that is what is meant."),
            current_status=row.status.value,
        )
    require_later(row.due_at, due_at, await now(session))
    row.due_at = due_at
    await effects.note(session, actor, product, row, EnforcementAction.EXTEND, reason)
    return row


async def terminate(
    session: AsyncSession, actor: Actor, procedure_id: UUID, reason: str
) -> EnforcementProcedure:
    """A regulator ends a procedure: its suspension is lifted, and a product that it delisted is listed again.

    What came before is not counted against the product any more.

    :raises NotFound: there is no such procedure.
    :raises Forbidden, SameOrganisation, AnotherOfficer: the actor is of no regulator, or of a party.
    :raises EnforcementStateForbids: it ended already.
    """
    product, row = await _lock_for_decision(session, actor, procedure_id)
    await _step(session, actor, product, row, EnforcementAction.TERMINATE, reason)
    return row


async def request_relisting(
    session: AsyncSession, actor: Actor, procedure_id: UUID, reason: str
) -> EnforcementProcedure:
    """The operator asks a regulator for the way back that no data leads, and says what was changed.

    A delisted product may be listed again; the suspension of one whose calls failed, or that was withdrawn, may end.

    :raises NotFound: there is no such procedure the actor can access.
    :raises Forbidden: the actor does not belong to the operator.
    :raises EnforcementStateForbids: the product is not delisted by it, and its suspension ends with data that passes.
    """
    product = await products.lock_own(session, actor, (await _get(session, actor, procedure_id)).product_id)
    row = await _lock(session, procedure_id)
    if not may_request(row.ground, row.status, row.due_at):
        PROCEDURE.next_state(row.status, EnforcementAction.RELIST)
    await effects.note(session, actor, product, row, EnforcementAction.REQUEST_RELISTING, reason)
    return row


async def relist(
    session: AsyncSession, actor: Actor, procedure_id: UUID, reason: str
) -> EnforcementProcedure:
    """A regulator lists a delisted product again: suspended until data passes, within another cure period.

    :raises NotFound: there is no such procedure.
    :raises Forbidden, SameOrganisation, AnotherOfficer: the actor is of no regulator, or of a party.
    :raises EnforcementStateForbids: the product is not delisted by it.
    """
    product, row = await _lock_for_decision(session, actor, procedure_id)
    PROCEDURE.next_state(row.status, EnforcementAction.RELIST)
    if not row.delisted:
        raise EnforcementStateForbids(
            Message("The product was withdrawn by its operator, not delisted by the procedure."),
            remedy=Message(
                "Terminate the procedure, which lifts the suspension of the licences that run on."
            ),
            current_status=row.status.value,
        )
    await _step(session, actor, product, row, EnforcementAction.RELIST, reason)
    return row


async def list_of_product(
    session: AsyncSession, actor: Actor, product_id: UUID
) -> list[tuple[EnforcementProcedure, list[EnforcementStep]]]:
    """The procedures of a product the actor can access, newest first, with their steps.

    :raises NotFound: there is none the actor can access.
    """
    product = await products.access_product(session, actor, product_id)
    return await _with_steps(session, await repository.list_of_product(session, product.id))


async def list_open(
    session: AsyncSession, page: PageRequest
) -> tuple[list[tuple[EnforcementProcedure, list[EnforcementStep]]], str | None]:
    """One page of the open procedures, newest first, with their steps."""
    rows, following = await repository.list_open(session, page)
    return await _with_steps(session, rows), following


async def with_steps(
    session: AsyncSession, row: EnforcementProcedure
) -> tuple[EnforcementProcedure, list[EnforcementStep]]:
    """A procedure with its steps."""
    return (await _with_steps(session, [row]))[0]


async def _with_steps(
    session: AsyncSession, rows: Sequence[EnforcementProcedure]
) -> list[tuple[EnforcementProcedure, list[EnforcementStep]]]:
    steps = await repository.list_steps(session, [row.id for row in rows])
    return [(row, [step for step in steps if step.procedure_id == row.id]) for row in rows]


async def _facts(
    session: AsyncSession,
    product: DataProduct,
    rules: EnforcementRules,
    moment: datetime,
    row: EnforcementProcedure | None = None,
) -> ProductFacts:
    """What is known of a product, as far as it came after the last procedure ended.

    :param row: the open procedure.
    """
    since = await repository.last_end(session, product.id)
    uploads = [
        revision_id
        for revision_id, at in await freshness.list_uploads(session, product.id, LOOK_BACK)
        if since is None or at > since
    ]
    statuses = await quality.get_statuses(session, uploads) if uploads else {}
    lapse = await freshness.find_open_lapse(session, product)
    late = lapse.due_at if lapse is not None else None
    begins = moment - timedelta(days=rules.availability_days)
    return ProductFacts(
        failed_in_a_row=failed_in_a_row([statuses[one] for one in uploads if one in statuses]),
        late_since=late if late is None or since is None else max(late, since),
        calls=await _calls(session, product, begins if since is None else max(begins, since), moment),
        calls_since_step=NO_CALLS
        if row is None
        else await _calls(session, product, await repository.last_step_at(session, row.id, _DAYS), moment),
    )


async def _calls(session: AsyncSession, product: DataProduct, since: datetime, until: datetime) -> CallCounts:
    return (await observations.get_calls(session, [product.id], since, until)).get(product.id, NO_CALLS)


async def _open(
    session: AsyncSession,
    product: DataProduct,
    ground: EnforcementGround,
    facts: ProductFacts,
    rules: Rules,
    moment: datetime,
) -> None:
    row = EnforcementProcedure(
        product_id=product.id,
        ground=ground,
        detail={
            "failed_in_a_row": facts.failed_in_a_row,
            "late_since": facts.late_since.isoformat() if facts.late_since else None,
            "calls": facts.calls.calls,
            "answered": facts.calls.succeeded,
        },
        status=EnforcementStatus.WARNED,
        opened_at=moment,
        due_at=await registrations.due_at(session, rules, _DAYS[EnforcementAction.WARN], moment),
        rules=rules.stamp(),
    )
    session.add(row)
    await session.flush()
    await effects.note(session, SYSTEM, product, row, EnforcementAction.WARN, None)


async def _step(
    session: AsyncSession,
    actor: Actor,
    product: DataProduct,
    row: EnforcementProcedure,
    action: EnforcementAction,
    reason: str | None,
    rules: Rules | None = None,
) -> None:
    """Take one step of a locked procedure, with what it does to its locked product.

    :raises EnforcementStateForbids: its status does not allow it.
    """
    before, target = row.status, PROCEDURE.next_state(row.status, action)
    moment = await now(session)
    days = _DAYS.get(action)
    rules = rules or await rulebook.in_force(session)
    due_at = await registrations.due_at(session, rules, days, moment) if days else None
    ended = target not in OPEN
    row.status, row.due_at, row.ended_at = target, due_at, moment if ended else None
    await session.flush()
    await effects.note(session, actor, product, row, action, reason)
    if action is EnforcementAction.SUSPEND:
        await effects.suspend(session, product, row)
    elif action is EnforcementAction.DELIST:
        await effects.delist(session, product, row)
    elif action is EnforcementAction.RELIST or (ended and before is EnforcementStatus.DELISTED):
        await effects.relist(session, actor, product, row, reason)
    if ended and before in STOPPED:
        await effects.lift(session, product, row)


async def _get(session: AsyncSession, actor: Actor, procedure_id: UUID) -> EnforcementProcedure:
    row = await repository.get(session, procedure_id)
    if row is None or await products.find_visible(session, actor, row.product_id) is None:
        raise _no_such_procedure()
    return row


async def _lock(session: AsyncSession, procedure_id: UUID) -> EnforcementProcedure:
    row = await repository.get(session, procedure_id, lock=True)
    if row is None:
        raise _no_such_procedure()
    return row


async def _lock_for_decision(
    session: AsyncSession, actor: Actor, procedure_id: UUID
) -> tuple[DataProduct, EnforcementProcedure]:
    """A procedure and its product, locked in the order in which the schedule locks them."""
    found = await _get(session, actor, procedure_id)
    product = await lock_for_review(session, actor, found.product_id)
    officers.require_person(
        actor, remedy=Message("Sign in as a person of the regulator, who answers for the decision by name.")
    )
    return product, await _lock(session, procedure_id)


def _no_such_procedure() -> NotFound:
    return NotFound(
        Message("There is no such procedure."),
        remedy=Message("GET /v1/products/{product_id}/enforcement lists those of a product."),
    )
