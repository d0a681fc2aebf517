"""The ledger of rights over HTTP: chains of title, grants, disputes, pledges and freezes."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.guards import requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.paging import PageRequest
from infra.schema import Page, ReasonBody
from infra.stops import service as stops
from listings.rights import encumbrances, grants, service
from listings.rights.api import grant_read, right_read
from listings.rights.schemas import (
    DisputeCreate,
    EncumbranceRead,
    FreezeCreate,
    GrantAcceptance,
    GrantCreate,
    PledgeCreate,
    RightGrantRead,
    RightRead,
    RulingCreate,
    TitleChainRead,
)
from listings.rights.tables import RightEncumbrance


async def encumbrance_read(session: AsyncSession, row: RightEncumbrance) -> EncumbranceRead:
    """Render an encumbrance, its organisation named."""
    return (await encumbrance_reads(session, [row]))[0]


async def encumbrance_reads(session: AsyncSession, rows: Sequence[RightEncumbrance]) -> list[EncumbranceRead]:
    """Render encumbrances for a list."""
    names = await identity.party_names(session, {row.organisation_id for row in rows})
    return [EncumbranceRead.of(row, names) for row in rows]


class TitleController(Controller):
    """Who granted what to whom, and what weighs on it."""

    path = "/v1/rights/{right_id:uuid}"
    tags = ["Rights"]

    @get(guards=[requires(Permission.RESOURCE_READ)], operation_id="getRight", summary="Get a right")
    async def read(self, session: AsyncSession, actor: Actor, right_id: UUID) -> RightRead:
        """A right to a resource you can access."""
        return await right_read(session, await service.access_right(session, actor, right_id))

    @get(
        "/chain-of-title",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="getChainOfTitle",
        summary="Get the chain of title of a right",
    )
    async def title(self, session: AsyncSession, actor: Actor, right_id: UUID) -> TitleChainRead:
        """From the right up to the source agency's, with what weighs on each and stops it."""
        _, rows, weighing = await service.get_title_chain(session, actor, right_id)
        names = await identity.party_names(session, {row.holder_id for row in rows})
        return TitleChainRead.of(
            rows, weighing, names, await stops.reasons(session, [row.id for row in rows])
        )

    @post(
        "/grants",
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="offerRight",
        summary="Offer a grant or a transfer of a right",
    )
    async def offer(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        right_id: UUID,
        data: GrantCreate,
    ) -> RightGrantRead:
        """By its holder; in force once the grantee has accepted. Refused while something weighs on the right."""

        async def effect() -> RightGrantRead:
            return await grant_read(session, await grants.offer(session, actor, right_id, data))

        return await idempotency.run(RightGrantRead, effect)

    @post(
        "/revocation",
        status_code=200,
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="revokeRight",
        summary="End a right",
    )
    async def revoke(
        self, session: AsyncSession, actor: Actor, right_id: UUID, data: ReasonBody
    ) -> RightRead:
        """By whoever granted it, or by its holder who gives it up: it ends for good, and with it every right granted
        from it and every licence that rests on one of them.
        """
        return await right_read(session, await service.revoke(session, actor, right_id, data.reason))

    @post(
        "/disputes",
        guards=[requires(Permission.RIGHT_CLAIM)],
        operation_id="disputeRight",
        summary="Lodge a dispute about a right",
    )
    async def dispute(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        right_id: UUID,
        data: DisputeCreate,
    ) -> EncumbranceRead:
        """By any verified organisation. Nothing is stopped until a regulator has admitted it."""

        async def effect() -> EncumbranceRead:
            return await encumbrance_read(session, await encumbrances.dispute(session, actor, right_id, data))

        return await idempotency.run(EncumbranceRead, effect)

    @post(
        "/pledges",
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="pledgeRight",
        summary="Pledge a right",
    )
    async def pledge(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        right_id: UUID,
        data: PledgeCreate,
    ) -> EncumbranceRead:
        """By its holder; in force once the pledgee has confirmed it. What is pledged goes on earning."""

        async def effect() -> EncumbranceRead:
            return await encumbrance_read(session, await encumbrances.pledge(session, actor, right_id, data))

        return await idempotency.run(EncumbranceRead, effect)

    @post(
        "/freezes",
        guards=[requires(Permission.RIGHT_FREEZE)],
        operation_id="freezeRight",
        summary="Freeze a right",
    )
    async def freeze(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        right_id: UUID,
        data: FreezeCreate,
    ) -> EncumbranceRead:
        """By order of a regulator: every licence that rests on the right, or on one granted from it, stops at once."""

        async def effect() -> EncumbranceRead:
            return await encumbrance_read(session, await encumbrances.freeze(session, actor, right_id, data))

        return await idempotency.run(EncumbranceRead, effect)

    @get(
        "/encumbrances",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listRightEncumbrances",
        summary="List what weighs on a right",
    )
    async def of_right(
        self, session: AsyncSession, actor: Actor, right_id: UUID, page: PageRequest
    ) -> Page[EncumbranceRead]:
        """In full for its holder, whoever lodged it and regulators; the chain of title shows everybody what is open."""
        rows, following = await encumbrances.list_encumbrances(session, actor, right_id, page)
        return Page(items=await encumbrance_reads(session, rows), next_cursor=following)


class RightGrantController(Controller):
    """Grants of rights that were proposed."""

    path = "/v1/right-grants"
    tags = ["Rights"]

    @get(
        guards=[requires(Permission.RIGHT_READ)],
        operation_id="listRightGrants",
        summary="List proposed grants of rights",
    )
    async def list_grants(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[RightGrantRead]:
        """Those your organisation is a side of, or all for a regulator; newest first."""
        rows, following = await grants.list_grants(session, actor, page)
        names = await identity.party_names(
            session, {party for row in rows for party in (row.grantor_id, row.grantee_id)}
        )
        return Page(items=[RightGrantRead.of(row, names) for row in rows], next_cursor=following)

    @post(
        "/{grant_id:uuid}/acceptance",
        status_code=200,
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="acceptRightGrant",
        summary="Accept a proposed grant",
    )
    async def accept(
        self, session: AsyncSession, actor: Actor, grant_id: UUID, data: GrantAcceptance
    ) -> RightGrantRead:
        """By the side that did not propose it, and by another person: the right is granted at once."""
        return await grant_read(session, await grants.accept(session, actor, grant_id, data))

    @post(
        "/{grant_id:uuid}/rejection",
        status_code=200,
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="rejectRightGrant",
        summary="Reject a proposed grant",
    )
    async def reject(
        self, session: AsyncSession, actor: Actor, grant_id: UUID, data: ReasonBody
    ) -> RightGrantRead:
        """By the side that did not propose it."""
        return await grant_read(session, await grants.reject(session, actor, grant_id, data.reason))

    @post(
        "/{grant_id:uuid}/withdrawal",
        status_code=200,
        guards=[requires(Permission.RIGHT_GRANT)],
        operation_id="withdrawRightGrant",
        summary="Withdraw a proposed grant",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, grant_id: UUID, data: ReasonBody
    ) -> RightGrantRead:
        """By the side that proposed it, before the other one decides."""
        return await grant_read(session, await grants.withdraw(session, actor, grant_id, data.reason))


class EncumbranceController(Controller):
    """Disputes, pledges and freezes."""

    path = "/v1/encumbrances"
    tags = ["Rights"]

    @get(
        guards=[requires(Permission.RIGHT_READ)],
        operation_id="listEncumbrances",
        summary="List disputes, pledges and freezes",
    )
    async def list_visible(
        self, session: AsyncSession, actor: Actor, page: PageRequest
    ) -> Page[EncumbranceRead]:
        """Of rights you hold, and those you lodged or were given; all for a regulator; newest first."""
        rows, following = await encumbrances.list_encumbrances(session, actor, None, page)
        return Page(items=await encumbrance_reads(session, rows), next_cursor=following)

    @get(
        "/{encumbrance_id:uuid}",
        guards=[requires(Permission.RIGHT_READ)],
        operation_id="getEncumbrance",
        summary="Get a dispute, a pledge or a freeze",
    )
    async def read(self, session: AsyncSession, actor: Actor, encumbrance_id: UUID) -> EncumbranceRead:
        """One that concerns your organisation."""
        return await encumbrance_read(
            session, await encumbrances.access_encumbrance(session, actor, encumbrance_id)
        )

    @post(
        "/{encumbrance_id:uuid}/ruling",
        status_code=200,
        guards=[requires(Permission.RIGHT_FREEZE)],
        operation_id="ruleOnEncumbrance",
        summary="Rule on a dispute, a pledge or a freeze",
    )
    async def rule(
        self, session: AsyncSession, actor: Actor, encumbrance_id: UUID, data: RulingCreate
    ) -> EncumbranceRead:
        """By a regulator. A dispute that is admitted stops what rests on the right, unless its use may continue."""
        return await encumbrance_read(session, await encumbrances.rule(session, actor, encumbrance_id, data))

    @post(
        "/{encumbrance_id:uuid}/confirmation",
        status_code=200,
        guards=[requires(Permission.RIGHT_CLAIM)],
        operation_id="confirmPledge",
        summary="Confirm a pledge",
    )
    async def confirm(
        self, session: AsyncSession, actor: Actor, encumbrance_id: UUID, data: ReasonBody
    ) -> EncumbranceRead:
        """By the pledgee: the right is neither transferred nor granted on until it is released."""
        return await encumbrance_read(
            session, await encumbrances.confirm(session, actor, encumbrance_id, data.reason)
        )

    @post(
        "/{encumbrance_id:uuid}/release",
        status_code=200,
        guards=[requires(Permission.RIGHT_CLAIM)],
        operation_id="releasePledge",
        summary="Release a pledged right",
    )
    async def release(
        self, session: AsyncSession, actor: Actor, encumbrance_id: UUID, data: ReasonBody
    ) -> EncumbranceRead:
        """By the pledgee, who may also refuse a pledge so."""
        return await encumbrance_read(
            session, await encumbrances.release(session, actor, encumbrance_id, data.reason)
        )

    @post(
        "/{encumbrance_id:uuid}/withdrawal",
        status_code=200,
        guards=[requires(Permission.RIGHT_CLAIM)],
        operation_id="withdrawEncumbrance",
        summary="Withdraw a dispute or a pledge",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, encumbrance_id: UUID, data: ReasonBody
    ) -> EncumbranceRead:
        """By whoever lodged it: a dispute at any time, a pledge until it is confirmed."""
        return await encumbrance_read(
            session, await encumbrances.withdraw(session, actor, encumbrance_id, data.reason)
        )
