"""Revisions over HTTP."""

from email.message import Message as HeaderBlock
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post, put
from litestar.datastructures import State
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from infra.auth import Actor, Permission
from infra.db import AsyncSession, transaction
from infra.errors import Malformed, UnsupportedType
from infra.guards import requires
from infra.messages import Message
from infra.openapi import raw_body
from infra.paging import PageRequest
from infra.schema import Page
from infra.stops import service as stops
from listings.ingest.result import DecimalMark, Delimiter, IngestOptions, Quote, TextEncoding
from listings.products.api import product_read
from listings.products.schemas import ColumnDeclarations, DictionaryUpdate, ProductRead
from listings.revisions import changes, columns, service, uploads
from listings.revisions.schemas import RevisionRead
from listings.revisions.spool import require_size

FileName = Annotated[
    str | None,
    QueryParameter(
        max_length=200, description="Name of the file, a hint to its format; or by Content-Disposition"
    ),
]

Strict = Annotated[
    bool,
    QueryParameter(
        description="Refuse a column of dates or times that holds something else; false keeps it as text with a notice"
    ),
]
DelimiterOption = Annotated[
    Delimiter | None,
    QueryParameter(
        name="delimiter", description="What separates the values of a CSV file; detected if left out"
    ),
]
Header = Annotated[
    bool | None,
    QueryParameter(
        description="Whether the first line of a CSV file names the columns; detected if left out"
    ),
]

Encoding = Annotated[
    TextEncoding | None,
    QueryParameter(
        name="encoding", description="How a text file is encoded; UTF-8 and GB18030 are detected if left out"
    ),
]

QuoteOption = Annotated[
    Quote | None,
    QueryParameter(
        name="quote",
        description="What stands around values of a CSV file that hold the delimiter; detected if left out",
    ),
]
DecimalMarkOption = Annotated[
    DecimalMark | None,
    QueryParameter(
        name="decimal_mark",
        description="What stands before the fraction of numbers in a CSV file; with a comma, points, blanks and"
        " apostrophes group thousands. A point if left out",
    ),
]
NullWords = Annotated[
    list[str] | None,
    QueryParameter(
        name="null_words",
        max_items=20,
        description="Words that stand for a missing value in every column of a text file, as they are written; once for"
        " each word",
    ),
]
Lenient = Annotated[
    bool,
    QueryParameter(
        description="Drop lines of a text file that cannot be read as its rows, and tell how many and which, rather"
        " than refuse the file"
    ),
]

UploadOperation = raw_body(
    "The file: CSV, TSV, JSON Lines, Parquet or Arrow, also compressed (gzip, Zstandard, ZIP)",
    "application/octet-stream",
    Schema(type=OpenAPIType.STRING, format="binary"),  # type: ignore[arg-type]
)


def file_name(request: Request[Any, Any, Any], filename: str | None) -> str:
    """What the file is called: the query parameter, else Content-Disposition, else `data`; never a path.

    :raises UnsupportedType: the body is a form, so it is not the file itself.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise UnsupportedType(
            Message("The body is a form."),
            remedy=Message("Send the file itself as the body, as curl --data-binary @file does."),
        )
    message = HeaderBlock()
    message["content-disposition"] = request.headers.get("content-disposition", "attachment")
    name = filename or message.get_filename() or "data"
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable())[:200] or "data"


def require_declared_size(request: Request[Any, Any, Any], limit: int) -> None:
    """Refuse a file that says itself that it is too large, before taking any of it.

    :raises Malformed: Content-Length is no number.
    :raises UploadTooLarge: it is above the limit.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise Malformed(
            Message("Content-Length is not a number."),
            remedy=Message("Send the number of bytes, or leave the header out."),
        )
    require_size(int(declared), limit)


async def revision_read(session: AsyncSession, actor: Actor, revision_id: UUID) -> RevisionRead:
    """A revision as whoever can access its product sees it.

    :raises NotFound: the actor cannot access it.
    """
    row, status = await service.access_revision(session, actor, revision_id)
    error = (await service.get_quality_errors(session, [row])).get(row.id)
    stopped = (await stops.reasons(session, [row.id]))[row.id]
    change = (await changes.changes_of(session, [row])).get(row.schema_version)
    return RevisionRead.of(row, status, error, stopped, change)


class RevisionController(Controller):
    """Revisions: immutable, numbered, checked."""

    path = "/v1"
    tags = ["Products"]

    @post(
        "/products/{product_id:uuid}/revisions",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_class=UploadOperation,
        # The file is streamed to disk and counted there.
        request_max_body_size=None,
        operation_id="uploadRevision",
        summary="Upload a revision",
    )
    async def upload(
        self,
        request: Request[Any, Any, Any],
        state: State,
        actor: Actor,
        product_id: UUID,
        filename: FileName = None,
        strict: Strict = True,
        delimiter: DelimiterOption = None,
        header: Header = None,
        encoding: Encoding = None,
        quote: QuoteOption = None,
        decimal_mark: DecimalMarkOption = None,
        null_words: NullWords = None,
        lenient: Lenient = False,
    ) -> RevisionRead:
        """The body is the file: CSV or TSV (UTF-8 or GB18030), JSON Lines, Parquet or Arrow, also as gzip, Zstandard or
        a ZIP archive of one file.

        It becomes an immutable Parquet revision, and its quality check is queued. By the operator of the product
        or the owner of its resource. The bytes of the newest revision again, uploaded with the same options, answer
        with that revision.
        """
        require_declared_size(request, state.settings.max_upload_bytes)
        context = uploads.UploadContext(state.sessions, state.settings, state.store, state.budget)
        name = file_name(request, filename)
        options = IngestOptions(
            strict=strict,
            delimiter=delimiter,
            header=header,
            encoding=encoding,
            quote=quote,
            decimal_mark=decimal_mark,
            null_words=tuple(null_words or ()),
            lenient=lenient,
        )
        revision_id = await uploads.ingest_upload(
            context, actor, product_id, name, request.stream(), options=options
        )
        async with transaction(state.sessions) as session:
            return await revision_read(session, actor, revision_id)

    @get(
        "/products/{product_id:uuid}/revisions",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="listRevisions",
        summary="List the revisions of a product",
    )
    async def list_of_product(
        self,
        session: AsyncSession,
        actor: Actor,
        product_id: UUID,
        page: PageRequest,
    ) -> Page[RevisionRead]:
        """With schema, profile and the status of the quality check; newest first."""
        rows, statuses, following = await service.list_revisions(session, actor, product_id, page)
        errors = await service.get_quality_errors(session, rows)
        stopped = await stops.reasons(session, [row.id for row in rows])
        begun = await changes.changes_of(session, rows)
        items = [
            RevisionRead.of(
                row, statuses[row.id], errors.get(row.id), stopped[row.id], begun.get(row.schema_version)
            )
            for row in rows
        ]
        return Page(items=items, next_cursor=following)

    @get(
        "/revisions/{revision_id:uuid}",
        guards=[requires(Permission.PRODUCT_READ)],
        operation_id="getRevision",
        summary="Get a revision",
    )
    async def read(self, session: AsyncSession, actor: Actor, revision_id: UUID) -> RevisionRead:
        """A revision of a product you can access."""
        return await revision_read(session, actor, revision_id)

    @put(
        "/products/{product_id:uuid}/columns",
        guards=[requires(Permission.REVISION_UPLOAD)],
        operation_id="declareColumns",
        summary="Declare the types of columns",
    )
    async def declare_columns(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: ColumnDeclarations
    ) -> ProductRead:
        """Files uploaded from now on are read with these types, in every format; types of other columns are inferred.

        By the operator of the product or the owner of its resource, before the first file or later; replaces what was
        declared before. A published column keeps its type, and may be declared with the format that a file is written
        in.
        """
        return await product_read(session, await columns.declare_columns(session, actor, product_id, data))

    @put(
        "/products/{product_id:uuid}/dictionary",
        guards=[requires(Permission.PRODUCT_MANAGE)],
        operation_id="setDataDictionary",
        summary="Set the data dictionary of a draft",
    )
    async def set_dictionary(
        self, session: AsyncSession, actor: Actor, product_id: UUID, data: DictionaryUpdate
    ) -> ProductRead:
        """State what columns mean and which are personal; replaces what was stated before."""
        return await product_read(session, await columns.set_dictionary(session, actor, product_id, data))
