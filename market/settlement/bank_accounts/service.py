"""Use cases of the register of bank accounts: one officer registers an account, another confirms it, any closes it.

A wrong account on an invoice sends money away, so nothing is named on one, and no statement is taken, before two people
have compared it with the bank's papers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from infra.audit import service as audit
from infra.auth import Actor
from infra.db import AsyncSession, now
from infra.errors import NotFound
from infra.identity import officers
from infra.messages import Message
from infra.paging import PageRequest
from market.settlement.bank_accounts import repository
from market.settlement.bank_accounts.domain import number_key
from market.settlement.bank_accounts.errors import BankAccountNotRegistered, BankAccountPending
from market.settlement.bank_accounts.schemas import AccountToPay, BankAccountCreate
from market.settlement.bank_accounts.states import BANK_ACCOUNT, BankAccountAction, BankAccountStatus
from market.settlement.bank_accounts.tables import BankAccount

SUBJECT = "bank_account"


@dataclass(frozen=True, slots=True)
class AccountsToPay:
    """The accounts in use.

    :ivar by_currency: the one that new invoices name: of those that are for invoices, the one confirmed last.
    """

    by_id: Mapping[UUID, AccountToPay]
    by_currency: Mapping[str, AccountToPay]

    def instead_of(self, named: Mapping[str, Any] | None, currency: str) -> AccountToPay | None:
        """Where to pay an invoice that names an account, or none: that one while it is in use, or the present one."""
        kept = self.by_id.get(UUID(named["id"])) if named else None
        return kept or self.by_currency.get(currency)


async def register(session: AsyncSession, actor: Actor, data: BankAccountCreate) -> BankAccount:
    """Register an account of the platform's own; it is used once another officer has confirmed it.

    Registering a number again, in the same currency, corrects what is registered of it: confirmed, it replaces that.

    :raises BankAccountPending: the number waits for its confirmation already.
    """
    await repository.lock_number(session, data.number)
    known = [
        row for row in await repository.with_number(session, data.number) if row.currency == data.currency
    ]
    for row in known:
        if row.status is BankAccountStatus.REGISTERED:
            raise BankAccountPending(
                Message(
                    "Account {number} in {currency} is registered already and waits for its confirmation.",
                    number=row.number,
                    currency=row.currency,
                ),
                remedy=Message(
                    "Have another officer confirm it: POST /v1/bank-accounts/{account_id}/confirmation. If it is wrong,"
                    " close it first: POST /v1/bank-accounts/{account_id}/closure.",
                    account_id=row.id,
                ),
                bank_account_id=str(row.id),
            )
    row = BankAccount(
        organisation_id=actor.organisation_id,
        # The books keep the spelling they know.
        number=known[-1].number if known else data.number,
        number_key=data.number,
        **data.model_dump(exclude={"iban", "account_number"}),
        status=BankAccountStatus.REGISTERED,
        registered_by=actor.id,
        registered_at=await now(session),
    )
    session.add(row)
    await session.flush()
    await _record(session, actor, row, "registered", **data.model_dump(exclude_none=True))
    return row


async def confirm(session: AsyncSession, actor: Actor, account_id: UUID) -> BankAccount:
    """Confirm an account that another officer registered: statements of it are taken, new invoices name it.

    An earlier registration of the same number and currency is closed with it.

    :raises NotFound: there is none.
    :raises AnotherOfficer: the actor registered it, under whatever account, or is a program.
    :raises BankAccountStateForbids: it is confirmed or closed.
    """
    seen = await get_account(session, account_id)
    await repository.lock_number(session, seen.number_key)
    row = await _lock(session, account_id)
    await officers.require_another_person(
        session,
        actor,
        row.registered_by,
        detail=Message("A bank account is registered by one officer and confirmed by another."),
        remedy=Message("Ask another finance officer or platform administrator to confirm it."),
    )
    moment = await now(session)
    for earlier in await repository.with_number(session, row.number_key):
        if (
            earlier is not row
            and earlier.currency == row.currency
            and earlier.status is BankAccountStatus.ACTIVE
        ):
            earlier.status = BANK_ACCOUNT.next_state(earlier.status, BankAccountAction.CLOSE)
            earlier.closed_by, earlier.closed_at, earlier.replaced_by_id = actor.id, moment, row.id
            # Before the other becomes the active one of this number.
            await session.flush()
    row.status = BANK_ACCOUNT.next_state(
        row.status,
        BankAccountAction.CONFIRM,
        remedy=Message(
            "GET /v1/bank-accounts tells where each account stands; a closed one is registered again."
        ),
    )
    row.confirmed_by, row.confirmed_at = actor.id, moment
    await session.flush()
    await _record(session, actor, row, "confirmed", number=row.number, currency=row.currency)
    return row


async def close(session: AsyncSession, actor: Actor, account_id: UUID, reason: str) -> BankAccount:
    """Close an account, or withdraw a registration: new invoices do not name it, and later statements are refused.

    :raises NotFound: there is none.
    :raises BankAccountStateForbids: it is closed.
    """
    row, moment = await _lock(session, account_id), await now(session)
    row.status = BANK_ACCOUNT.next_state(
        row.status, BankAccountAction.CLOSE, remedy=Message("Nothing is left to do: it is closed.")
    )
    row.closed_by, row.closed_at, row.closure_reason = actor.id, moment, reason
    await session.flush()
    await _record(session, actor, row, "closed", reason=reason)
    return row


async def get_account(session: AsyncSession, account_id: UUID) -> BankAccount:
    """One account.

    :raises NotFound: there is none.
    """
    return _found(await repository.get(session, account_id), account_id)


async def list_accounts(
    session: AsyncSession, page: PageRequest, *, status: BankAccountStatus | None = None
) -> tuple[Sequence[BankAccount], str | None]:
    """One page of the register, newest first."""
    return await repository.accounts_page(session, page, status=status)


async def accounts_to_pay(session: AsyncSession) -> AccountsToPay:
    """Where buyers pay to now; the same for everybody."""
    rows = sorted(await repository.active(session), key=lambda row: (row.confirmed_at, row.id))
    return AccountsToPay(
        by_id={row.id: AccountToPay.of(row) for row in rows},
        by_currency={row.currency: AccountToPay.of(row) for row in rows if row.for_invoices},
    )


async def account_document(session: AsyncSession, currency: str) -> dict[str, Any] | None:
    """The account that a new invoice names, as JSON; None: none is registered for its currency."""
    found = (await accounts_to_pay(session)).by_currency.get(currency)
    return found.model_dump(mode="json") if found else None


async def require_own(
    session: AsyncSession, number: str, currency: str, *, statement_id: str, until: date | None
) -> BankAccount:
    """The platform's own account that a statement is of; it is neither closed nor changed until the transaction ends.

    A closed account is its own still for statements of the time before.

    :param until: the last day that the statement covers, if it says so.
    :raises BankAccountNotRegistered: the number is not registered, not confirmed, closed, or in another currency.
    """
    known = await repository.with_number(session, number_key(number))
    same = [row for row in known if row.currency == currency and row.confirmed_at is not None]
    for row in reversed(same):
        if row.status is BankAccountStatus.ACTIVE:
            return row
    for row in reversed(same):
        if row.closed_at is not None and until is not None and until <= row.closed_at.date():
            return row
    raise await _not_own(session, number, currency, statement_id, known)


async def _not_own(
    session: AsyncSession, number: str, currency: str, statement_id: str, known: Sequence[BankAccount]
) -> BankAccountNotRegistered:
    """What keeps a statement from being taken, and what to do about it."""
    names = {"statement_id": statement_id, "number": number, "currency": currency}
    register_it = Message(
        "If the account is the platform's own: register it in {currency} with POST /v1/bank-accounts, have another"
        " officer confirm it with POST /v1/bank-accounts/…/confirmation, and send the file again. If it is not, ask the"
        " bank why it sent the statement; nothing was imported.",
        currency=currency,
    )
    pending = [
        row for row in known if row.currency == currency and row.status is BankAccountStatus.REGISTERED
    ]
    closed = [row for row in known if row.currency == currency and row.status is BankAccountStatus.CLOSED]
    others = sorted({row.currency for row in known if row.status is BankAccountStatus.ACTIVE})
    if pending:
        detail = Message(
            "Statement {statement_id} is of account {number} in {currency}, which is registered and not confirmed yet.",
            **names,
        )
        remedy = Message(
            "Have another officer confirm it with POST /v1/bank-accounts/{account_id}/confirmation, and send the file"
            " again; nothing was imported.",
            account_id=pending[-1].id,
        )
    elif closed:
        detail = Message(
            "Statement {statement_id} is of account {number} in {currency}, which was closed.", **names
        )
        remedy = register_it
    elif others:
        detail = Message(
            "Statement {statement_id} of account {number} is in {currency}; the account is registered in {others}.",
            **names,
            others=", ".join(others),
        )
        remedy = register_it
    else:
        detail = Message(
            "Statement {statement_id} is of account {number} in {currency}, which is not registered as the"
            " platform's own.",
            **names,
        )
        remedy = register_it
    registered: list[dict[str, Any]] = [
        {"account": row.number, "currency": row.currency} for row in await repository.active(session)
    ]
    return BankAccountNotRegistered(
        detail, remedy=remedy, account=number, currency=currency, registered=registered
    )


async def _lock(session: AsyncSession, account_id: UUID) -> BankAccount:
    return _found(await repository.lock(session, account_id), account_id)


def _found(row: BankAccount | None, account_id: UUID) -> BankAccount:
    if row is None:
        raise NotFound(
            Message("There is no bank account {account_id}.", account_id=account_id),
            remedy=Message("GET /v1/bank-accounts lists them."),
        )
    return row


async def _record(session: AsyncSession, actor: Actor, row: BankAccount, what: str, **detail: Any) -> None:
    await audit.record(
        session,
        actor,
        action=f"bank_account.{what}",
        subject_kind=SUBJECT,
        subject_id=row.id,
        detail=detail,
    )
