"""Registrations over HTTP: applied for by owners, decided by the registration office, seen by everybody."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.di import Provide
from litestar.params import PathParameter, QueryParameter
from sqlmodel import col

from infra.auth import Actor, Permission
from infra.db import AsyncSession, now
from infra.errors import QuotaExceeded
from infra.guards import public, requires
from infra.idempotency import Idempotency
from infra.identity import service as identity
from infra.identity.attempts import Throttle
from infra.identity.runtime import provide_throttle
from infra.messages import Message
from infra.paging import PageRequest, paginate
from infra.schema import Page, ReasonBody
from listings.registrations import objections, review, service
from listings.registrations.domain import RegistrationKind
from listings.registrations.errors import KindNotApplicable
from listings.registrations.schemas import (
    ApplicationCreate,
    ApplicationDetails,
    ApplicationRead,
    Approval,
    NoticeRead,
    ObjectionAnswer,
    ObjectionCreate,
    ObjectionRead,
    Refusal,
    RegistrationRead,
    Resubmission,
    as_json,
)
from listings.registrations.states import ApplicationStatus, ObjectionDecision
from listings.registrations.tables import RegistrationApplication, RegistrationObjection

DECIDE = [requires(Permission.REGISTRATION_REVIEW)]
TAGS = ["Registrations"]


async def details(session: AsyncSession, row: RegistrationApplication) -> ApplicationDetails:
    """Render an application with all that was done with it."""
    history = await service.get_history(session, row)
    return ApplicationDetails.with_history(
        row, history.steps, history.objections, history.names, history.people, history.code
    )


async def _objection(session: AsyncSession, row: RegistrationObjection) -> ObjectionRead:
    return ObjectionRead.of(row, await identity.party_names(session, [row.organisation_id]))


class ResourceRegistrationController(Controller):
    """What the owner of a resource applies for."""

    path = "/v1/resources/{resource_id:uuid}/registration-applications"
    tags = TAGS

    @post(
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="applyForRegistration",
        summary="Apply for a registration of a resource",
    )
    async def apply(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        resource_id: UUID,
        data: ApplicationCreate,
    ) -> ApplicationRead:
        """Initial 首次, change 变更, correction 更正 or renewal 续展; what is applied for is valid once registered.

        A correction mends slips of the pen: titles, descriptions, and who is responsible.
        """
        if data.kind is RegistrationKind.CANCELLATION:
            raise KindNotApplicable(
                Message("A cancellation is confirmed with what it stops."),
                remedy=Message(
                    "See what it stops with GET /v1/resources/{resource_id}/cancellation, and confirm that with POST.",
                    resource_id=resource_id,
                ),
            )

        async def effect() -> ApplicationRead:
            row = await service.apply(
                session,
                actor,
                resource_id,
                kind=data.kind,
                content=as_json(data.content),
                reason=data.reason,
            )
            return ApplicationRead.of(row, await identity.party_names(session, [row.owner_id]))

        return await idempotency.run(ApplicationRead, effect)


class RegistrationApplicationController(Controller):
    """Applications: an owner's own, and all for a regulator."""

    path = "/v1/registration-applications"
    tags = TAGS

    @get(
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="listRegistrationApplications",
        summary="List applications for registration",
    )
    async def list_visible(
        self,
        session: AsyncSession,
        actor: Actor,
        page: PageRequest,
        status: ApplicationStatus | None = None,
        resource_id: Annotated[
            UUID | None, QueryParameter(description="Only those for this resource")
        ] = None,
    ) -> Page[ApplicationRead]:
        """Your organisation's, or all for a regulator; newest first."""
        statement = service.applications_listing(actor, status, resource_id)
        rows, following = await paginate(session, statement, col(RegistrationApplication.id), page)
        names = await identity.party_names(session, {row.owner_id for row in rows})
        return Page(items=[ApplicationRead.of(row, names) for row in rows], next_cursor=following)

    @get(
        "/{application_id:uuid}",
        guards=[requires(Permission.RESOURCE_READ)],
        operation_id="getRegistrationApplication",
        summary="Get an application for registration",
    )
    async def read(self, session: AsyncSession, actor: Actor, application_id: UUID) -> ApplicationDetails:
        """An application with every step: who answers for it, under which rules, and why; and the objections to it."""
        return await details(session, await service.access_application(session, actor, application_id))

    @post(
        "/{application_id:uuid}/resubmission",
        status_code=200,
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="resubmitRegistrationApplication",
        summary="Hand in a returned application again",
    )
    async def resubmit(
        self, session: AsyncSession, actor: Actor, application_id: UUID, data: Resubmission
    ) -> ApplicationDetails:
        """With what the return asked to mend."""
        row = await service.resubmit(
            session, actor, application_id, content=as_json(data.content), reason=data.reason
        )
        return await details(session, row)

    @post(
        "/{application_id:uuid}/withdrawal",
        status_code=200,
        guards=[requires(Permission.RESOURCE_MANAGE)],
        operation_id="withdrawRegistrationApplication",
        summary="Withdraw an application for registration",
    )
    async def withdraw(
        self, session: AsyncSession, actor: Actor, application_id: UUID, data: ReasonBody
    ) -> ApplicationDetails:
        """What is registered stays as it is; another application can follow."""
        return await details(session, await service.withdraw(session, actor, application_id, data.reason))

    @post(
        "/{application_id:uuid}/acceptance",
        status_code=200,
        guards=DECIDE,
        operation_id="acceptRegistrationApplication",
        summary="Accept an application for registration",
    )
    async def accept(
        self, session: AsyncSession, actor: Actor, application_id: UUID, data: ReasonBody
    ) -> ApplicationDetails:
        """受理: it is complete, and goes into the formal review."""
        return await details(session, await review.accept(session, actor, application_id, data.reason))

    @post(
        "/{application_id:uuid}/approval",
        status_code=200,
        guards=DECIDE,
        operation_id="approveRegistrationApplication",
        summary="Pass the formal review of an application",
    )
    async def approve(
        self, session: AsyncSession, actor: Actor, application_id: UUID, data: Approval
    ) -> ApplicationDetails:
        """形式审核: it goes on public notice (公示), and is registered under its code (赋码) when that ends.

        Where the rules ask for no notice of its kind, it is registered at once.
        """
        return await details(session, await review.approve(session, actor, application_id, data.reason))

    @post(
        "/{application_id:uuid}/return",
        status_code=200,
        guards=DECIDE,
        operation_id="returnRegistrationApplication",
        summary="Return an application to be mended",
    )
    async def return_to_applicant(
        self, session: AsyncSession, actor: Actor, application_id: UUID, data: ReasonBody
    ) -> ApplicationDetails:
        """With what to mend; the owner hands it in again."""
        row = await review.return_to_applicant(session, actor, application_id, data.reason)
        return await details(session, row)

    @post(
        "/{application_id:uuid}/refusal",
        status_code=200,
        guards=DECIDE,
        operation_id="refuseRegistrationApplication",
        summary="Refuse an application for registration",
    )
    async def refuse(
        self, session: AsyncSession, actor: Actor, application_id: UUID, data: Refusal
    ) -> ApplicationDetails:
        """For good, on a ground: unlawful core data, no stated source, an unresolved dispute, and so on."""
        row = await review.refuse(session, actor, application_id, data.ground, data.reason)
        return await details(session, row)


class RegistrationNoticeController(Controller):
    """Public notices: what is applied for, open to everybody; objections by whoever is signed in."""

    path = "/v1/registration-notices"
    tags = TAGS

    @get(
        opt=public("a public notice is read by everybody"),
        operation_id="listRegistrationNotices",
        summary="List open public notices",
    )
    async def list_open(self, session: AsyncSession, page: PageRequest) -> Page[NoticeRead]:
        """What is applied for and can be objected to now, newest first."""
        rows, following = await paginate(
            session, service.notices_listing(), col(RegistrationApplication.id), page
        )
        return Page(items=await self._notices(session, rows), next_cursor=following)

    @get(
        "/{application_id:uuid}",
        opt=public("a public notice is read by everybody"),
        operation_id="getRegistrationNotice",
        summary="Get an open public notice",
    )
    async def read(self, session: AsyncSession, application_id: UUID) -> NoticeRead:
        """What is applied for, what of it differs from what is registered, and until when one can object."""
        return (await self._notices(session, [await service.get_notice(session, application_id)]))[0]

    async def _notices(
        self, session: AsyncSession, rows: Sequence[RegistrationApplication]
    ) -> list[NoticeRead]:
        names = await identity.party_names(session, {row.owner_id for row in rows})
        return [NoticeRead.of(row, names) for row in rows]

    @post(
        "/{application_id:uuid}/objections",
        guards=[requires(Permission.REGISTRATION_OBJECT)],
        operation_id="objectToRegistration",
        summary="Object to what is on public notice",
    )
    async def raise_objection(
        self,
        session: AsyncSession,
        actor: Actor,
        idempotency: Idempotency,
        application_id: UUID,
        data: ObjectionCreate,
    ) -> ObjectionRead:
        """Suspends the notice until it is answered. One of each organisation for each notice."""

        async def effect() -> ObjectionRead:
            row = await objections.raise_objection(
                session, actor, application_id, data.reasons, data.evidence_sha256
            )
            return await _objection(session, row)

        return await idempotency.run(ObjectionRead, effect)

    @get(
        "/{application_id:uuid}/objections",
        guards=[requires(Permission.REGISTRATION_OBJECT)],
        operation_id="listRegistrationObjections",
        summary="List the objections to an application",
    )
    async def list_objections(
        self, session: AsyncSession, actor: Actor, application_id: UUID
    ) -> list[ObjectionRead]:
        """Your organisation's with their answers; all of them for the owner and a regulator. Oldest first."""
        rows = await objections.list_visible(session, actor, application_id)
        names = await identity.party_names(session, {row.organisation_id for row in rows})
        return [ObjectionRead.of(row, names) for row in rows]


class RegistrationObjectionController(Controller):
    """Answers to objections."""

    path = "/v1/registration-objections"
    tags = TAGS

    @post(
        "/{objection_id:uuid}/answer",
        status_code=200,
        guards=DECIDE,
        operation_id="answerRegistrationObjection",
        summary="Answer an objection",
    )
    async def answer(
        self, session: AsyncSession, actor: Actor, objection_id: UUID, data: ObjectionAnswer
    ) -> ObjectionRead:
        """Dismissed, the notice goes on for what was left of it; upheld, the application is returned, or refused."""
        row = await review.answer(
            session,
            actor,
            objection_id,
            upheld=data.decision is ObjectionDecision.UPHELD,
            ground=data.refusal_ground,
            reason=data.reason,
        )
        return await _objection(session, row)


class RegistrationController(Controller):
    """Registrations by their codes."""

    path = "/v1/registrations"
    tags = TAGS
    dependencies = {"throttle": Provide(provide_throttle, sync_to_thread=False)}

    @get(
        "/{code:str}",
        opt={
            **public("whoever holds a code may see what is registered under it"),
            "problems": [QuotaExceeded],
        },
        operation_id="getRegistration",
        summary="Look up a registration by its code",
    )
    async def look_up(
        self,
        session: AsyncSession,
        request: Request[Any, Any, Any],
        throttle: Throttle,
        code: Annotated[
            str, PathParameter(max_length=40, description="DR, two check digits (ISO 7064) and twelve digits")
        ],
    ) -> RegistrationRead:
        """What is in force, until when, and every version there was; however the code is spaced. No login.

        After 120 at once, one a second from one network: the codes follow one another.
        """
        await throttle.begin_look_up(throttle.origin(request))
        rows = await service.look_up(session, code)
        names = await identity.party_names(session, [rows[0].owner_id])
        return RegistrationRead.of(rows, names, await now(session))
