"""Use cases of licence tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.licences import repository, tokens
from contracts.licences.errors import ColumnsTooLong, InvalidLicenceToken, LicenceNotLive, NotTheBuyer
from contracts.licences.service import VisibleLicence, access_licence, explain_stop
from contracts.licences.tables import LicenceToken, TokenEndReason
from infra.audit import service as audit
from infra.auth import Actor, Permission
from infra.db import AsyncSession, new_id, now
from infra.errors import NotFound
from infra.identity import holders
from infra.key_folder import MAX_TOKEN_SECONDS
from infra.keys import KeyRing, TokenTooLong
from infra.messages import Message
from infra.paging import PageRequest
from infra.rulebook import service as rulebook


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token and its lifetime in seconds."""

    token: str
    token_id: UUID
    expires_in: int


async def issue_token(
    session: AsyncSession, actor: Actor, keys: KeyRing, issuer: str, licence_id: UUID
) -> IssuedToken:
    """A new token for a live licence, for the buyer alone.

    :param issuer: base address of the service, as in its tokens.
    :raises NotTheBuyer: the caller is another party.
    :raises LicenceNotLive: a link above it is broken, or its term is over.
    :raises HolderEnded: the caller's program or membership ended since the request was authenticated.
    :raises ColumnsTooLong: its columns do not fit a token.
    """
    licence = await access_licence(session, actor, licence_id)
    _require_buyer(actor, licence)
    membership_id = await holders.hold(session, actor, Permission.LICENCE_TOKEN)
    moment = await now(session)
    if notice := await explain_stop(session, licence.id):
        raise LicenceNotLive(notice.detail, remedy=notice.remedy, stops=notice.stops)
    if moment >= licence.valid_until:
        raise LicenceNotLive(
            Message("The licence's term ended at {moment}.", moment=licence.valid_until.isoformat()),
            remedy=Message("Order the product again."),
        )
    rules = await rulebook.in_force(session)
    life = timedelta(hours=rules.integer("licence.token_hours"))
    expires_at = min(moment + life, moment + timedelta(seconds=MAX_TOKEN_SECONDS), licence.valid_until)
    token_id = new_id()
    session.add(
        LicenceToken(
            id=token_id,
            licence_id=licence.id,
            issued_to=actor.id,
            membership_id=membership_id,
            organisation_id=actor.organisation_id,
            issued_at=moment,
            expires_at=expires_at,
        )
    )
    claims = tokens.claims_of(
        issuer=issuer,
        token_id=token_id,
        client_id=str(actor.id),
        licence_id=licence.id,
        agreement_id=licence.agreement_id,
        agreement_digest=licence.agreement_digest,
        product_id=licence.product_id,
        buyer_id=licence.buyer_id,
        columns=licence.columns,
        purposes=licence.purposes,
        scenarios=licence.scenarios,
        regions=licence.regions,
        quotas=licence.quotas,
        valid_from=licence.valid_from,
        issued_at=moment,
        expires_at=expires_at,
        revision_id=licence.revision_id,
    )
    await audit.record(
        session,
        actor,
        action="licence.token_issued",
        subject_kind="licence",
        subject_id=licence.id,
        detail={"token_id": str(token_id), "expires_at": expires_at.isoformat()},
        rules=rules,
    )
    return IssuedToken(_sign(keys, claims), token_id, int((expires_at - moment).total_seconds()))


def _sign(keys: KeyRing, claims: dict[str, Any]) -> str:
    try:
        return keys.sign(claims, tokens.TOKEN_TYPE)
    except TokenTooLong:
        # Orders of so many are refused today; agreements of the first releases may still have them.
        raise ColumnsTooLong(
            Message("The names of the licence's columns are longer than a token can hold."),
            remedy=Message("Order the product again with fewer columns."),
        ) from None


async def list_tokens(
    session: AsyncSession, actor: Actor, licence_id: UUID, page: PageRequest
) -> tuple[Sequence[LicenceToken], str | None]:
    """Tokens of a licence that have not run out, for the buyer alone, newest first.

    :raises NotTheBuyer: the caller is another party.
    """
    licence = await access_licence(session, actor, licence_id)
    _require_buyer(actor, licence)
    return await repository.tokens_page(session, licence.id, page)


async def revoke_token(session: AsyncSession, actor: Actor, licence_id: UUID, token_id: UUID) -> None:
    """End a token before its time, for the buyer alone: it is refused from the next call on.

    A token that was ended before stays as it is.

    :raises NotTheBuyer: the caller is another party.
    :raises NotFound: the licence has no such token, or it has run out.
    """
    licence = await access_licence(session, actor, licence_id)
    _require_buyer(actor, licence)
    row = await repository.token_of(session, licence.id, token_id)
    if row is None:
        raise NotFound(
            Message("There is no token {token_id} of this licence.", token_id=token_id),
            remedy=Message("List the licence's tokens to find it; one that has run out is no longer kept."),
        )
    await end_token(session, actor, row)


async def find_token(session: AsyncSession, token_id: UUID) -> LicenceToken | None:
    """A token of any licence, or None when it is not known or was forgotten after it had run out."""
    return await repository.find_token(session, token_id)


async def require_token_not_ended(session: AsyncSession, token_id: UUID) -> None:
    """Check that a token whose signature is good was not ended before its time.

    :raises InvalidLicenceToken: it was.
    """
    row = await repository.find_token(session, token_id)
    if row is not None and row.ended_at is not None:
        raise InvalidLicenceToken(
            Message("The licence token was revoked, or whoever it was issued to has lost access."),
            remedy=Message("Get a new one at POST /v1/licences/{licence_id}/tokens."),
            reason="revoked",
        )


async def end_token(session: AsyncSession, actor: Actor, row: LicenceToken) -> None:
    """End a token that the caller may end; one that was ended before stays as it is."""
    if await repository.end_token(session, row.id, TokenEndReason.REVOKED):
        await audit.record(
            session,
            actor,
            action="licence.token_revoked",
            subject_kind="licence",
            subject_id=row.licence_id,
            detail={"token_id": str(row.id)},
        )


async def forget_tokens(session: AsyncSession) -> int:
    """Delete the tokens that ran out an hour ago; answers how many."""
    return await repository.forget_tokens(session)


def _require_buyer(actor: Actor, licence: VisibleLicence) -> None:
    if actor.organisation_id != licence.buyer_id:
        raise NotTheBuyer(Message("Your organisation is not the buyer of this licence."))
