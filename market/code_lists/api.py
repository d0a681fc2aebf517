"""Code lists over HTTP."""

from litestar import get
from litestar.datastructures import CacheControlHeader

from infra.guards import public
from market.code_lists.domain import code_lists
from market.code_lists.schemas import CodeListRead, CodeLists, code_read

ONE_HOUR = 3600


@get(
    "/v1/code-lists",
    opt=public("words that are on every page"),
    operation_id="listCodeLists",
    summary="Code lists with labels in Chinese and English",
    tags=["Code lists"],
    cache_control=CacheControlHeader(max_age=ONE_HOUR, public=True),
    sync_to_thread=False,
)
def list_code_lists() -> CodeLists:
    """Every code that answers hold, with its Chinese and its English label; the codes never change, labels may."""
    return CodeLists(
        items=[
            CodeListRead(
                name=name,
                codes=[code_read(code, label) for code, label in codes.items()],
            )
            for name, codes in code_lists().items()
        ]
    )
