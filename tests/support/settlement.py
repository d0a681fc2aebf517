"""A concluded agreement with its licence, metered use, invoices, and a bank to pay them."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import col

from contracts.agreements.states import AgreementStatus
from contracts.agreements.tables import Agreement, AgreementSignature
from contracts.licences import service as licences
from contracts.terms import Terms, document_digest
from infra.audit import service as audit
from infra.auth import SYSTEM, Actor, OrganisationKind, Role
from infra.db import AsyncSession, SessionMaker, new_id, now, transaction
from infra.identity import clients
from infra.identity import service as identity
from infra.identity.states import OrganisationAction
from infra.organisation_status import OrganisationStatus
from infra.units import UnitVector
from listings.authorisations.domain import AuthorisationSide, Consideration, Mode, SignatureDecision
from listings.authorisations.states import AuthorisationStatus
from listings.authorisations.tables import Authorisation, AuthorisationSignature
from listings.products.domain import DeliveryClass
from listings.products.states import ProductStatus
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.resources.domain import UpdateFrequency
from listings.resources.schemas import ResourceCreate
from market.demo.bank import Receipt, camt053_for
from market.metering import service as usage
from market.metering.admission_sql import admit
from market.metering.domain import Call, Outcome
from market.settlement.bank_accounts.domain import number_key
from market.settlement.bank_accounts.states import BankAccountStatus
from market.settlement.bank_accounts.tables import BankAccount
from market.settlement.invoices import billing
from market.settlement.invoices.tables import Invoice
from market.settlement.rails.bank.errors import StatementError
from market.settlement.rails.bank.files import reading
from market.settlement.rails.bank.statements import service as bank
from market.settlement.rails.bank.statements.service import ImportedStatement
from pricing.money import Money
from pricing.plans import service as plans
from pricing.plans.schemas import PricePlanCreate
from pricing.regulated.purposes import PurposeClass
from tests.support.database import TestDatabase
from tests.support.metering import end_month
from tests.support.products import register, resource_body

START = datetime(2026, 1, 1, tzinfo=UTC)
SHARES = {"owner": 5000, "operator": 4000, "platform": 1000}
CHARGES: list[dict[str, Any]] = [
    {"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 10},
    {"model": "per_unit", "metric": "rows", "unit_price": "0.001"},
]


@dataclass(frozen=True, slots=True)
class Trade:
    """Three parties, an agreement between them, and its licence."""

    owner: Actor
    operator: Actor
    buyer: Actor
    finance: Actor
    agreement_id: UUID
    licence_id: UUID


TradeMaker = Callable[..., Awaitable[Trade]]
Meter = Callable[..., Awaitable[None]]
ROLES = {
    OrganisationKind.AUTHORISING_BODY: Role.AUTHORISING_OFFICER,
    OrganisationKind.OWNER: Role.DATA_OWNER,
    OrganisationKind.OPERATOR: Role.DATA_OPERATOR,
    OrganisationKind.BUYER: Role.BUYER,
    OrganisationKind.PLATFORM: Role.FINANCE_OFFICER,
    OrganisationKind.REGULATOR: Role.REGULATOR_OFFICER,
}


async def a_member(session: AsyncSession, kind: OrganisationKind) -> Actor:
    """Somebody of a fresh, verified organisation."""
    organisation = await identity.register(
        session, SYSTEM, kind=kind, name_zh=f"测试{kind}", name_en=f"Test {kind}", credit_code=None
    )
    await identity.change_status(session, SYSTEM, organisation, OrganisationAction.VERIFY, None)
    await audit.record(
        session,
        SYSTEM,
        action="organisation.verified",
        subject_kind="organisation",
        subject_id=organisation.id,
    )
    return Actor(
        "person", new_id(), organisation.id, kind, frozenset({ROLES[kind]}), OrganisationStatus.VERIFIED
    )


async def a_trade(
    session: AsyncSession,
    *,
    charges: list[dict[str, Any]] | None = None,
    purposes: tuple[PurposeClass, ...] = (PurposeClass.INDUSTRY,),
    shares: dict[str, int] | None = None,
    operator: Actor | None = None,
    currency: str = "CNY",
) -> Trade:
    """A product with its chain, ordered and signed: rows written directly, the licence issued by its service."""
    owner, buyer = (
        (await a_member(session, OrganisationKind.OWNER)),
        (await a_member(session, OrganisationKind.BUYER)),
    )
    operator = operator or await a_member(session, OrganisationKind.OPERATOR)
    body = await a_member(session, OrganisationKind.AUTHORISING_BODY)
    split = shares or SHARES
    resource = await resources.create(session, owner, ResourceCreate(**resource_body()))
    await register(session, owner, resource.id)
    authorisation = Authorisation(
        owner_id=owner.organisation_id, operator_id=operator.organisation_id, status=AuthorisationStatus.OFFERED,
        scenarios=["environmental_services"], regions=["310000"],
        purposes=[purpose.value for purpose in purposes], valid_from=START,
        valid_until=START + timedelta(days=1000), exclusive=False, consideration=Consideration.REVENUE_SHARE,
        owner_share=split["owner"], operator_share=split["operator"], platform_share=split["platform"],
        mode=Mode.BY_SCENARIO, authorising_body_id=body.organisation_id, offered_at=START, offered_by=owner.id,
        offered_by_organisation=owner.organisation_id,
    )  # fmt: skip
    session.add(authorisation)
    await session.flush()
    for side, who in zip(AuthorisationSide, (owner, body, operator), strict=True):
        session.add(
            AuthorisationSignature(
                authorisation_id=authorisation.id,
                side=side,
                organisation_id=who.organisation_id,
                decision=SignatureDecision.SIGNED,
                signed_by=who.id,
                signed_at=START,
            )
        )  # fmt: skip
    for step in (AuthorisationStatus.CONSENTED, AuthorisationStatus.GRANTED):
        authorisation.status = step
        await session.flush()
    authorisation.status, authorisation.accepted_at = AuthorisationStatus.ACTIVE, START
    authorisation.accepted_by = operator.id
    plan = await plans.create(
        session,
        operator,
        PricePlanCreate.model_validate(
            {"name_en": "P", "name_zh": "P", "currency": currency, "charges": charges or CHARGES}
        ),
    )
    product = DataProduct(
        operator_id=operator.organisation_id, owner_id=owner.organisation_id, resource_id=resource.id,
        authorisation_id=authorisation.id, status=ProductStatus.DRAFT, title_zh="数据", title_en="Data",
        description_zh="数据", description_en="Data", themes=["x"], update_frequency=UpdateFrequency.DAILY,
        delivery_classes=[next(iter(DeliveryClass))],
        theme_axes=["theme"], purposes=["industry"], dictionary=[], plan_id=plan.id,
        created_at=START, created_by=operator.id,
    )  # fmt: skip
    session.add(product)
    await session.flush()
    terms = Terms(
        product_id=product.id, resource_id=resource.id, right_id=new_id(), authorisation_id=authorisation.id,
        owner_id=owner.organisation_id, operator_id=operator.organisation_id, buyer_id=buyer.organisation_id,
        price_plan_id=plan.id, title_zh="数据", title_en="Data", columns=("a",), purposes=purposes,
        purpose_statement="testing", valid_from=START, valid_until=START + timedelta(days=900), quotas={},
        shares=split, scenarios=("environmental_services",), regions=("310000",),
    )  # fmt: skip
    agreement = await an_agreement(session, terms.document(), operator, buyer)
    licence = await licences.issue(
        session, buyer, agreement_id=agreement.id, agreement_digest=agreement.digest, terms=terms
    )
    finance = await a_member(session, OrganisationKind.PLATFORM)
    return Trade(owner, operator, buyer, finance, agreement.id, licence.id)


async def an_agreement(
    session: AsyncSession,
    document: dict[str, Any],
    operator: Actor,
    buyer: Actor,
    *,
    until: AgreementStatus = AgreementStatus.FINALIZED,
) -> Agreement:
    """An agreement with these terms, signed as far as its status says; rows written directly."""
    agreement = Agreement(
        status=AgreementStatus.REQUESTED, product_id=UUID(document["product_id"]),
        owner_id=UUID(document["owner_id"]), operator_id=operator.organisation_id,
        buyer_id=buyer.organisation_id, document=document, digest=document_digest(document),
        requested_at=START, requested_by=buyer.id,
    )  # fmt: skip
    session.add(agreement)
    await session.flush()
    for signatory, status in ((operator, AgreementStatus.AGREED), (buyer, AgreementStatus.FINALIZED)):
        if agreement.status is until:
            break
        agreement.status = status
        session.add(
            AgreementSignature(
                agreement_id=agreement.id, organisation_id=signatory.organisation_id, signed_by=signatory.id,
                digest=agreement.digest, witness="", signed_at=START,
            )
        )  # fmt: skip
        agreement.finalized_at = START if status is AgreementStatus.FINALIZED else None
        await session.flush()
    return agreement


@asynccontextmanager
async def metering(database: TestDatabase) -> AsyncIterator[Meter]:
    """Admits and records calls on a licence as the data plane does; committed."""
    connection = await asyncpg.connect(database.service_url)

    async def use(
        licence_id: UUID,
        *,
        calls: int = 1,
        rows: int = 0,
        purpose: PurposeClass = PurposeClass.INDUSTRY,
    ) -> None:
        asked = [
            Call(
                licence_id,
                new_id(),
                None,
                sha256(b"x").digest(),
                UUID(int=7),
                purpose.value,
                None,
                new_id(),
                UnitVector(calls=1, rows=rows),
            )
            for _ in range(calls)
        ]
        decisions = await admit(connection, asked, seconds=10)
        assert {decision.outcome for decision in decisions} <= {Outcome.ADMITTED}

    yield use
    await connection.close()


async def invoice_for(sessions: SessionMaker, trade: Trade) -> Invoice:
    """Lets the open period of a trade that was used end, and closes it."""
    async with transaction(sessions) as session:
        await end_month(session, trade.licence_id)
        await usage.cut_periods(session, trade.licence_id)
    async with transaction(sessions) as session:
        closed = await billing.close_period(session, sessions, trade.finance, trade.agreement_id)
    assert closed.invoice is not None
    return closed.invoice


def bank_statement(
    *receipts: Receipt, account: str, statement_id: str = "S-1", opening: int = 0, currency: str = "CNY"
) -> bytes:
    """What the bank sends."""
    return camt053_for(
        receipts,
        statement_id=statement_id,
        account=account,
        opening=Money(opening, currency),
        moment=datetime.now(UTC),
    )


async def own_account(
    session: AsyncSession, number: str, currency: str = "CNY", *, for_invoices: bool = False
) -> UUID:
    """An account of the platform's own, registered and confirmed unless it is already."""
    key = number_key(number)
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"own-account:{key}", 0)))
    )
    known = (
        sa.select(col(BankAccount.id))
        .where(col(BankAccount.number_key) == key, col(BankAccount.currency) == currency)
        .where(col(BankAccount.status) == BankAccountStatus.ACTIVE)
    )
    if found := await session.scalar(known):
        return found
    moment = await now(session)
    row = BankAccount(
        organisation_id=UUID(int=0), number=number, number_key=key, currency=currency, bank_name_zh="测试银行",
        holder_zh="测试平台", for_invoices=for_invoices, status=BankAccountStatus.REGISTERED, registered_by=UUID(int=1),
        registered_at=moment,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    row.status, row.confirmed_by, row.confirmed_at = BankAccountStatus.ACTIVE, UUID(int=2), moment
    await session.flush()
    return row.id


async def import_bank_file(session: AsyncSession, actor: Actor, document: bytes) -> list[ImportedStatement]:
    """Read and import a bank's file, in this process; whatever account it is of is the platform's own."""
    try:
        statements = reading.parse(document)
    except StatementError as error:
        raise reading.refused(error.reason) from None
    for statement in statements:
        await own_account(session, statement.account, statement.currency)
    return await bank.import_statements(session, actor, document, statements)


def transfer(invoice: Invoice, *, minor: int | None = None, note: str | None = None) -> Receipt:
    """A transfer that pays an invoice, or nearly."""
    amount = Money(invoice.total_minor if minor is None else minor, invoice.currency)
    return Receipt(
        amount, note or f"invoice {invoice.payment_reference}", "Test buyer", f"B{new_id().hex[-12:]}"
    )


Caller = Callable[[Actor], Awaitable[httpx.AsyncClient]]


@asynccontextmanager
async def callers(app: Litestar, sessions: SessionMaker) -> AsyncIterator[Caller]:
    """A maker of clients that call the real application as a program of somebody's organisation and role."""
    opened: list[httpx.AsyncClient] = []

    async def call_as(somebody: Actor) -> httpx.AsyncClient:
        async with transaction(sessions) as session:
            program, secret = await clients.create(
                session, SYSTEM, somebody.organisation_id, name="test", roles=somebody.roles
            )
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        made = httpx.AsyncClient(transport=transport, base_url="http://market.test")
        opened.append(made)
        basic = base64.b64encode(f"{program.id}:{secret}".encode()).decode()
        answer = await made.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {basic}"},
        )
        assert answer.status_code == 200, answer.text
        made.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return made

    yield call_as
    for made in opened:
        await made.aclose()


def fresh_key() -> dict[str, str]:
    """A header with an idempotency key of its own."""
    return {"Idempotency-Key": str(new_id())}
