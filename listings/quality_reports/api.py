"""Quality reports over HTTP."""

from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, MediaType, Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession
from infra.errors import NotFound
from infra.guards import public, requires
from infra.messages import Message, preferred_language
from listings.quality_reports import service
from listings.quality_reports.reading import comparison_read, page_facts, report_read, trend_read
from quality.reports import page
from quality.reports.badge import badge
from quality.reports.schemas import ComparisonRead, ReportRead, TrendRead

Language = Annotated[
    str | None,
    QueryParameter(
        name="lang",
        pattern="^(zh|en)$",
        description="Language of the page, `zh` or `en`; by Accept-Language if left out",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(name="If-None-Match", max_length=400, description="`ETag` of the answer you have"),
]
SVG = "image/svg+xml"


class QualityReportController(Controller):
    """What was found in a revision, for those who can access its product, and what everybody may see of it."""

    path = "/v1"
    tags = ["Products"]

    @get(
        "/revisions/{revision_id:uuid}/quality-report",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getQualityReport",
        summary="Get the quality report of a revision",
    )
    async def read(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> ReportRead:
        """For those who can access the product; for everybody else while it is on the market, if the revision passed.

        Values of personal columns are withheld from everybody else: failing values, and bounds, sets and patterns.
        """
        return report_read(await service.get_report(session, actor, revision_id))

    @get(
        "/revisions/{revision_id:uuid}/quality-report.html",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getQualityReportPage",
        summary="Get the quality report of a revision as a page",
        media_type=MediaType.HTML,
    )
    async def read_page(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        actor: Actor,
        revision_id: UUID,
        lang: Language = None,
    ) -> Response[str]:
        """The report to read and to print, in Chinese or English, with charts, trend and what changed since the last.

        Whoever may read the report may read the page, and it tells nothing more. It runs no script and loads nothing.
        """
        accessed = await service.get_report(session, actor, revision_id)
        return await _page(request, session, accessed, lang)

    @get(
        "/revisions/{revision_id:uuid}/quality-comparison",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="compareQuality",
        summary="Compare the quality of a revision with that of the one before",
    )
    async def compare(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> ComparisonRead:
        """Which checks came out worse, better or as before, and which are new, gone or ask something else.

        With the newest revision before it that was measured and that you may read of.
        """
        accessed = await service.get_report(session, actor, revision_id)
        compared = await service.compare_with_last(session, accessed)
        if compared is None:
            raise NotFound(
                Message("There is no earlier revision to compare it with."),
                remedy=Message("Read the report alone: GET /v1/revisions/{revision_id}/quality-report."),
            )
        return comparison_read(accessed, compared)

    @get(
        "/products/{product_id:uuid}/quality-trend",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getQualityTrend",
        summary="Get the quality of a product over its revisions",
    )
    async def trend(self, session: AsyncSession, actor: Actor, product_id: UUID) -> TrendRead:
        """Score, grade and dimensions of the newest revisions that were measured, oldest first.

        All of them for those who can access the product; for everybody else, while it is on the market, those that
        passed.
        """
        return trend_read(product_id, await service.get_trend(session, actor, product_id))


class PublicQualityController(Controller):
    """What everybody may see of the quality of a product on the market."""

    path = "/v1"
    tags = ["Catalogue"]

    @get(
        "/catalogue/{product_id:uuid}/quality-report",
        opt=public("the catalogue is open to everybody"),
        operation_id="getCatalogueQualityReport",
        summary="Get the quality report of a product",
    )
    async def read(self, session: AsyncSession, product_id: UUID) -> ReportRead:
        """The report of the revision that buyers read now.

        Values of columns that samples mask are withheld: failing values, and bounds, sets and patterns.
        """
        return report_read(await service.get_public_report(session, product_id))

    @get(
        "/catalogue/{product_id:uuid}/quality-report.html",
        opt=public("the catalogue is open to everybody"),
        operation_id="getCatalogueQualityReportPage",
        summary="Get the quality report of a product as a page",
        media_type=MediaType.HTML,
    )
    async def read_page(
        self, request: Request[Any, Any, Any], session: AsyncSession, product_id: UUID, lang: Language = None
    ) -> Response[str]:
        """The report of the revision that buyers read now, to read and to print, in Chinese or English.

        Values of columns that samples mask are withheld. It runs no script and loads nothing.
        """
        accessed = await service.get_public_report(session, product_id)
        return await _page(request, session, accessed, lang)

    @get(
        "/products/{product_id:uuid}/quality-badge.svg",
        opt=public("a badge stands on other sites, where nobody is signed in"),
        operation_id="getQualityBadge",
        summary="Get the quality badge of a product",
        media_type=SVG,
        responses={
            304: ResponseSpec(None, generate_examples=False, description="Not changed since that answer")
        },
    )
    async def badge(
        self,
        request: Request[Any, Any, Any],
        session: AsyncSession,
        product_id: UUID,
        lang: Language = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response[str]:
        """Grade and score of the revision that buyers read now, as a small SVG picture; kept for a minute at most.

        With the `ETag` of an answer in `If-None-Match`, 304 says that nothing has changed.
        """
        report = (await service.get_public_report(session, product_id)).report
        language = lang or preferred_language(request.headers.get("accept-language"))
        picture = badge(report.grade, report.score, language)
        tag = f'"{sha256(picture.encode()).hexdigest()[:32]}"'
        headers = {
            "ETag": tag,
            "Cache-Control": "public, max-age=60",
            "Content-Language": language,
            "Vary": "Accept-Language",
        }
        sent = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
        if sent & {tag, "*"}:
            return Response("", status_code=304, media_type=SVG, headers=headers)
        return Response(picture, media_type=SVG, headers=headers)


async def _page(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    accessed: service.AccessedReport,
    lang: str | None,
) -> Response[str]:
    language = lang or preferred_language(request.headers.get("accept-language"))
    facts = page_facts(accessed, await service.get_extras(session, accessed), request.url.path)
    headers = {
        "Content-Security-Policy": page.POLICY,
        "Content-Language": language,
        "Vary": "Accept-Language",
    }
    return Response(
        page.render(report_read(accessed), facts, language), media_type=MediaType.HTML, headers=headers
    )
