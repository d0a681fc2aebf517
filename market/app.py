"""The composition root of the HTTP service: every route, and what they share."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components
from litestar.types import ControllerRouterHandler

from contracts.agreements.api import AgreementController
from contracts.amendments.api import AmendmentController
from contracts.licences.api import LicenceController
from contracts.licences.token_kind import LicenceTokenKind
from contracts.licences.tokens import LicenceVerifier
from contracts.review.api import ReviewController
from infra import edge, openapi, problems, query_parameters, secrets, telemetry
from infra.addresses import secret_box, service_url
from infra.auth import Actor
from infra.db import AsyncSession, create_engine, create_sessions
from infra.events.api import DeadLetterController, HeldJobController
from infra.guards import authentication, current_actor, optional_actor
from infra.heartbeats import service as heartbeats
from infra.idempotency import provide_idempotency
from infra.identity.api import SecondFactorController, SessionController
from infra.identity.authenticator import IdentityAuthenticator
from infra.identity.oauth_api import OAuthController, WellKnownController
from infra.identity.runtime import Identity
from infra.json_body import JsonRequest
from infra.keys import KeyRing
from infra.memory_budget import MemoryBudget
from infra.messages import set_reader
from infra.objects import open_store, prune_regularly
from infra.openapi import SECURITY_SCHEMES, InputSchemas, answer_options
from infra.outgoing.client import OutgoingClient
from infra.paging import page_request
from infra.reference import ASSETS, ReferencePage, assets, start_script
from infra.rulebook.api import RulebookController
from infra.samples import Sampler
from infra.settings import Settings
from infra.tasks import TaskRegistry
from infra.telemetry.requests import count_unmatched, observe_requests
from infra.webhooks.api import WebhookEndpointController
from listings.authorisations.api import AuthorisationController
from listings.catalogue.api import CatalogueController, CatalogueEditionController, QuoteController
from listings.catalogue.following import CatalogueFollower
from listings.classification.api import ColumnGradingController
from listings.classification.proposals_api import ColumnProposalController, EditionProposalController
from listings.data_contracts.api import DataContractController
from listings.editions.api import EditionController, ProductEditionController
from listings.enforcement.api import EnforcementController
from listings.freshness.api import FreshnessController
from listings.impact_assessments.api import ImpactAssessmentController
from listings.products.api import ProductController
from listings.publication.api import PublicationController
from listings.publication.editions_api import EditionReviewController
from listings.publication.findings_api import FindingController
from listings.publication.waivers_api import WaiverController
from listings.purges.api import PurgeController
from listings.quality_reports.api import PublicQualityController, QualityReportController
from listings.registrations.api import (
    RegistrationApplicationController,
    RegistrationController,
    RegistrationNoticeController,
    RegistrationObjectionController,
    ResourceRegistrationController,
)
from listings.resources.api import ResourceController
from listings.revisions.api import RevisionController
from listings.revisions.changes_api import RevisionChangeController
from listings.revisions.quality_runs_api import QualityRunController
from listings.rights.api import RightController
from listings.rights.ledger_api import EncumbranceController, RightGrantController, TitleController
from listings.samples.api import SampleController
from listings.service_credits.api import ServiceCreditController
from listings.suites.api import QualitySuiteController
from listings.uploads.api import UploadController
from listings.uploads.sources_api import ProductSourceController, SourceCredentialController
from market.audit.api import AuditController
from market.cancellations.api import CancellationController
from market.code_lists import labels
from market.code_lists.api import list_code_lists
from market.delivery.api import read_records
from market.delivery.runtime import data_plane
from market.front_page import front_page
from market.metering.api import UsageController, UsageRecordController
from market.operations import health
from market.participants.access_api import (
    ClientController,
    InvitationController,
    MemberController,
    accept_invitation,
)
from market.participants.api import OrganisationController
from market.participants.appeals_api import AppealController
from market.participants.directory_api import DirectoryController
from market.participants.lost_api import LostFactorController, PasswordResetController
from market.participants.recoveries_api import RecoveryController
from market.reference import examples
from market.reference.problems import PROBLEM_EXAMPLES
from market.settlement.bank_accounts.api import BankAccountController
from market.settlement.invoices.api import InvoiceController, PeriodCloseController
from market.settlement.ledger.api import LedgerController, StatementOfAccountController
from market.settlement.rails.bank.entries.api import BankEntryController
from market.settlement.rails.bank.entries.refunds_api import RefundController
from market.settlement.rails.bank.statements.api import BankStatementController
from market.settlement.rails.bank.statements.reviews_api import BankStatementReviewController
from market.settlement.rails.cards.api import CardPaymentController
from market.settlement.reconciliation.api import ReconciliationController
from market.supervision.api import SupervisionController
from pricing.plans.api import PricePlanController

DESCRIPTION = """
Public data becomes an asset that earns: listed with authority, measured, priced by rule, licensed for a stated use,
delivered call by call with every call metered, settled and reconciled.

公共数据授权运营：登记、授权、质量、定价、许可、计量、结算、对账。

People sign in at `POST /v1/session` (cookie, and its CSRF token in `X-CSRF-Token`); programs get a bearer token at
`POST /oauth/token`; the data plane under `/data` takes a licence as its bearer.
"""

ROUTES: Sequence[ControllerRouterHandler] = (
    SessionController,
    SecondFactorController,
    PasswordResetController,
    OAuthController,
    WellKnownController,
    OrganisationController,
    DirectoryController,
    AppealController,
    RecoveryController,
    InvitationController,
    accept_invitation,
    MemberController,
    LostFactorController,
    ClientController,
    ResourceController,
    ColumnGradingController,
    ResourceRegistrationController,
    CancellationController,
    RegistrationApplicationController,
    RegistrationNoticeController,
    RegistrationObjectionController,
    RegistrationController,
    RightController,
    TitleController,
    RightGrantController,
    EncumbranceController,
    AuthorisationController,
    AmendmentController,
    ProductController,
    QualitySuiteController,
    DataContractController,
    RevisionController,
    RevisionChangeController,
    QualityRunController,
    QualityReportController,
    PublicQualityController,
    UploadController,
    PurgeController,
    SourceCredentialController,
    ProductSourceController,
    PublicationController,
    ProductEditionController,
    EditionController,
    EditionReviewController,
    FreshnessController,
    ServiceCreditController,
    EnforcementController,
    FindingController,
    WaiverController,
    ColumnProposalController,
    EditionProposalController,
    SampleController,
    ImpactAssessmentController,
    CatalogueController,
    CatalogueEditionController,
    QuoteController,
    PricePlanController,
    AgreementController,
    LicenceController,
    ReviewController,
    read_records,
    UsageController,
    UsageRecordController,
    PeriodCloseController,
    InvoiceController,
    BankAccountController,
    BankEntryController,
    BankStatementController,
    BankStatementReviewController,
    CardPaymentController,
    LedgerController,
    StatementOfAccountController,
    ReconciliationController,
    RefundController,
    SupervisionController,
    list_code_lists,
    RulebookController,
    AuditController,
    WebhookEndpointController,
    DeadLetterController,
    HeldJobController,
    front_page,
    health.live,
    health.ready,
    start_script,
)


async def provide_session(state: State) -> AsyncIterator[AsyncSession]:
    """Dependency ``session``: one request, one transaction.

    The clean-up runs before the response is sent, so a commit that fails fails the request.
    """
    async with state.sessions() as session, session.begin():
        yield session


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Dependency ``actor``: the caller; 401 when there is none."""
    return current_actor(request.scope)


def provide_visitor(request: Request[Any, Any, Any]) -> Actor | None:
    """Dependency ``visitor``: the caller of a public route, or None."""
    return optional_actor(request.scope)


async def before_every_request(request: Request[Any, Any, Any]) -> Response[None] | None:
    """``before_request``: what is answered or refused before a route's own parameters are read.

    A coroutine, because Litestar would send a plain function to a thread, on every request.

    :raises Malformed: the query has a parameter that the route does not take.
    """
    if request.method == "OPTIONS":
        return answer_options(request)
    set_reader(request.scope["headers"])
    if query := request.scope["query_string"]:
        query_parameters.check(request.scope["route_handler"], query)  # type: ignore[arg-type]
    return None


def create_app(settings: Settings | None = None, *, database_url: str | None = None) -> Litestar:
    """The ASGI application.

    :param settings: default: from the environment.
    :param database_url: address of the service's own login; default: worked out from the settings.
    """
    settings = settings or Settings()
    url = database_url or service_url(settings)
    telemetry.configure(settings, component="api")
    labels.register()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        engine = create_engine(url, pool_size=settings.database_pool_size)
        app.state.sessions = create_sessions(engine)
        # For transactions apart from a request's own, so that none waits for a connection that another request holds
        # while it waits for one itself.
        apart = create_engine(url, pool_size=2, max_overflow=0)
        app.state.apart_sessions = create_sessions(apart)
        app.state.store = open_store(settings)
        app.state.budget = MemoryBudget.of(settings)
        app.state.key_ring = KeyRing.load(settings.keys_dir)
        box = secret_box(settings)
        app.state.identity = identity = Identity.of(
            settings,
            app.state.sessions,
            app.state.key_ring,
            box,
            (LicenceTokenKind(app.state.key_ring, settings.base_url),),
        )
        app.state.authenticator = IdentityAuthenticator(identity)
        app.state.outgoing = outgoing = OutgoingClient.of(settings)
        app.state.licence_verifier = LicenceVerifier(app.state.key_ring, settings.base_url)
        app.state.tasks = tasks = TaskRegistry()
        app.state.catalogue = catalogue = CatalogueFollower(url, app.state.sessions)
        secrets.install(box)
        try:
            async with data_plane(
                settings,
                database_url=url,
                sessions=app.state.sessions,
                store=app.state.store,
                keys=app.state.key_ring,
                tasks=app.state.tasks,
            ) as plane:
                app.state.data_plane = plane
                sampler = Sampler(app.state.sessions, (heartbeats.SAMPLE,))
                tasks.start("samples", sampler.run, essential=False)
                tasks.start("object-cache", lambda: prune_regularly(app.state.store), essential=False)
                tasks.start("catalogue", catalogue.run, essential=False)
                yield
        finally:
            identity.passwords.close()
            await tasks.close()
            await catalogue.close()
            await outgoing.aclose()
            await apart.dispose()
            await engine.dispose()

    app = Litestar(
        route_handlers=[*ROUTES, assets()],
        lifespan=[lifespan],
        state=State({"settings": settings}),
        dependencies={
            "session": Provide(provide_session),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "visitor": Provide(provide_visitor, sync_to_thread=False),
            "page": Provide(page_request, sync_to_thread=False),
            "idempotency": Provide(provide_idempotency),
        },
        middleware=[observe_requests, authentication],
        exception_handlers=problems.HANDLERS,
        after_exception=[count_unmatched],
        request_class=JsonRequest,
        request_max_body_size=settings.max_body_bytes,
        before_request=before_every_request,
        openapi_config=_openapi(),
        plugins=[InputSchemas()],
        # Ours is configured in infra.telemetry.
        logging_config=None,
        debug=False,
    )
    openapi.describe(app)
    examples.describe(app)
    query_parameters.declare(app)
    app.asgi_handler = edge.guarded(app.asgi_handler, body_seconds=settings.body_timeout_s)
    return app


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Data-asset market",
        version=version("data-market"),
        description=DESCRIPTION,
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[
            ReferencePage(
                path="/", favicon="<link rel='icon' href='data:,'>", css_url=f"{ASSETS}/swagger-ui.css"
            )
        ],
        components=Components(security_schemes=dict(SECURITY_SCHEMES), examples=dict(PROBLEM_EXAMPLES)),
    )
