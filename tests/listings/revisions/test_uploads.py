"""Uploads: streamed, bounded, converted, registered whole or not at all."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from litestar import Litestar

from infra.auth import OrganisationKind
from infra.db import SessionMaker, transaction
from infra.memory_budget import MemoryBudget
from infra.objects import LocalStore
from infra.settings import Settings
from listings.ingest.convert import convert
from listings.revisions import service, uploads
from listings.revisions.errors import UploadTooLarge
from listings.revisions.spool import spooled
from tests.support.memory import resident_megabytes
from tests.support.parties import Party, PartyMaker
from tests.support.problems import slug
from tests.support.products import (
    CSV,
    active_authorisation,
    draft,
    held_resource,
    product_body,
    published,
    settle_quality,
    upload,
)

OPTIONS: dict[str, Any] = {
    "strict": True,
    "delimiter": None,
    "header": None,
    "encoding": None,
    "quote": None,
    "decimal_mark": None,
    "null_words": [],
    "lenient": False,
}
"""What is recorded of an upload for which nothing was stated."""

ROW = b"S9,2026-02-01T00:00:00Z,1.5,13800000000\n"


def files(settings: Settings) -> set[Path]:
    """Everything in the object store and the spool."""
    folders = (settings.objects_dir, settings.spool_dir)
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def own_process(conversions: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are converted in processes of their own, as outside of tests."""
    monkeypatch.setattr(uploads, "convert", convert)


@pytest.mark.usefixtures("own_process")
async def test_a_file_becomes_an_immutable_parquet_revision(
    owner: Party, operator: Party, settings: Settings, sessions: SessionMaker
) -> None:
    product = await draft(owner, operator)
    revision = await upload(owner, product["id"])
    assert revision["number"] == 1
    assert revision["rows"] == 60
    assert revision["quality"] == "checking"
    assert [column["name"] for column in revision["columns"]] == ["station", "time", "pm25", "phone"]
    assert revision["source_name"] == "air.csv"
    await settle_quality(operator, revision["id"])
    marked = {"columns": ["phone"]}
    await operator.post(f"/v1/products/{product['id']}/personal-columns", marked, status=200)
    async with transaction(sessions) as session:
        facts = await service.get_current_revision(session, UUID(product["id"]))
    path = LocalStore(settings.objects_dir).path(facts.object_key)
    assert pq.read_metadata(path).num_rows == 60
    assert path.stat().st_mode & 0o222 == 0
    assert (await operator.get(f"/v1/revisions/{revision['id']}"))["quality"] == "passed"


async def test_the_name_comes_from_the_query_or_the_header_and_is_no_path(
    owner: Party, operator: Party
) -> None:
    product = await draft(owner, operator)
    answer = await operator.http.post(
        f"/v1/products/{product['id']}/revisions",
        content=CSV,
        headers={"Content-Disposition": "attachment; filename*=UTF-8''..%2F..%2F%E7%A9%BA%E6%B0%94.csv"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["source_name"] == "空气.csv"


async def test_the_same_bytes_again_change_nothing(owner: Party, operator: Party, settings: Settings) -> None:
    product = await draft(owner, operator)
    first = await upload(operator, product["id"])
    before = files(settings)
    assert await upload(operator, product["id"]) == first
    assert files(settings) == before
    assert (await upload(operator, product["id"], CSV + ROW))["number"] == 2


async def test_uploads_at_once_are_numbered_one_after_the_other(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    made = await asyncio.gather(*(upload(operator, product["id"], CSV + ROW * n) for n in range(3)))
    assert sorted(revision["number"] for revision in made) == [1, 2, 3]
    listed = await operator.get(f"/v1/products/{product['id']}/revisions")
    assert {item["id"] for item in listed["items"]} == {revision["id"] for revision in made}


@pytest.mark.parametrize(
    ("data", "status", "expected"),
    [
        (b"", 422, "empty-file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), 422, "not-a-table"),
        (b"a,a\n1,2\n", 422, "duplicate-column"),
        (b"a,b\n1,2\n1,2,3\n1,2\n", 422, "ragged-row"),
    ],
)
async def test_a_bad_file_leaves_nothing_behind(
    owner: Party, operator: Party, settings: Settings, data: bytes, status: int, expected: str
) -> None:
    product = await draft(owner, operator)
    before = files(settings)
    assert slug(await upload(operator, product["id"], data, status=status)) == expected
    assert files(settings) == before
    assert (await operator.get(f"/v1/products/{product['id']}/revisions"))["items"] == []


async def test_a_file_beyond_the_authorisation_leaves_nothing_behind(
    owner: Party, operator: Party, settings: Settings
) -> None:
    resource_id = await held_resource(owner)
    authorisation_id = await active_authorisation(owner, operator, resource_id, columns=["station", "pm25"])
    product = await operator.post("/v1/products", product_body(authorisation_id, resource_id))
    before = files(settings)
    problem = await upload(operator, product["id"], status=409)
    assert slug(problem) == "columns-not-authorised"
    assert problem["columns"] == ["time", "phone"]
    assert files(settings) == before
    await upload(operator, product["id"], b"station,pm25\nS1,2.5\nS2,3.5\n")


async def test_only_operator_and_owner_upload(
    owner: Party, operator: Party, regulator: Party, buyer: Party, party: PartyMaker
) -> None:
    product = await draft(owner, operator)
    await upload(await party(OrganisationKind.OPERATOR), product["id"], status=404)
    await upload(await party(OrganisationKind.OWNER), product["id"], status=404)
    await upload(regulator, product["id"], status=403)
    await upload(buyer, product["id"], status=403)


async def test_a_file_larger_than_a_json_body_streams_through(
    owner: Party, operator: Party, settings: Settings
) -> None:
    product = await draft(owner, operator)
    rows = 60_000
    header, line = b"code,value\n", b"0012345,a value of no meaning\n"
    assert len(line) * rows > settings.max_body_bytes

    async def stream() -> AsyncIterator[bytes]:
        yield header
        for _ in range(rows // 1000):
            yield line * 1000

    answer = await operator.http.post(f"/v1/products/{product['id']}/revisions", content=stream())
    assert answer.status_code == 201, answer.text
    assert answer.json()["rows"] == rows
    assert not list(settings.spool_dir.iterdir())


def parquet(**columns: list[str]) -> bytes:
    """A Parquet file of text columns."""
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"a,b\nx\x00y,1\nz,2\n", 422),
        (b"a\x00c,b\nx,1\nz,2\n", 422),
        (parquet(a=["x\x00y", "z"] * 30, b=["1", "2"] * 30), 201),
        (parquet(**{"a\x00c": ["x", "z"], "b": ["1", "2"]}), 422),
    ],
    ids=["csv value", "csv name", "parquet value", "parquet name"],
)
async def test_a_character_the_database_cannot_hold_is_no_fault(
    owner: Party, operator: Party, data: bytes, status: int
) -> None:
    product = await draft(owner, operator)
    answer = await operator.http.post(f"/v1/products/{product['id']}/revisions", content=data)
    assert answer.status_code == status, answer.text


@pytest.mark.usefixtures("own_process")
@pytest.mark.parametrize(
    ("length", "status", "expected"),
    [
        pytest.param(50_000_000, 422, "value-too-large", id="long values"),
        pytest.param(1_500_000_000, 413, "file-too-large", id="a page of 1.5 GB", marks=pytest.mark.long),
    ],
)
async def test_a_small_file_that_unpacks_to_much_takes_no_memory_of_this_process(
    owner: Party, operator: Party, settings: Settings, length: int, status: int, expected: str
) -> None:
    sink = io.BytesIO()
    value = pa.array(["x" * length]).dictionary_encode()
    pq.write_table(pa.table({"a": value.take([0] * 8)}), sink, compression="zstd")
    del value
    product = await draft(owner, operator)
    before = files(settings)
    used = resident_megabytes()
    problem = await upload(operator, product["id"], sink.getvalue(), name="a.parquet", status=status)
    assert slug(problem) == expected
    assert resident_megabytes() - used < 50
    assert files(settings) == before


async def test_an_upload_that_there_is_no_memory_for_is_told_when_to_come_again(
    app: Litestar, owner: Party, operator: Party, settings: Settings
) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}/revisions"
    elsewhere = MemoryBudget.of(settings)  # as the worker has it, or another process of the API
    held = await elsewhere.take(settings.file_memory_mb, wait_s=1)
    app.state.budget = MemoryBudget.of(settings.model_copy(update={"file_wait_s": 0.2}))
    try:
        answer = await operator.http.post(path, content=CSV + ROW)
        assert answer.status_code == 503, answer.text
        assert slug(answer.json()) == "files-busy"
        assert int(answer.headers["Retry-After"]) >= 1
        assert not list(settings.spool_dir.iterdir())
    finally:
        held.release()
    await upload(operator, product["id"], CSV + ROW)


async def test_a_form_is_not_the_file(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    answer = await operator.http.post(
        f"/v1/products/{product['id']}/revisions", files={"file": ("air.csv", CSV)}
    )
    assert answer.status_code == 415


async def test_a_declared_size_above_the_limit_is_refused_unread(
    owner: Party, operator: Party, settings: Settings
) -> None:
    product = await draft(owner, operator)
    answer = await operator.http.post(
        f"/v1/products/{product['id']}/revisions",
        content=b"a,b\n",
        headers={"Content-Length": str(settings.max_upload_bytes + 1)},
    )
    assert answer.status_code == 413
    assert slug(answer.json()) == "upload-too-large"


async def test_a_stream_above_the_limit_is_cut_off_and_leaves_nothing(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1000)

    with pytest.raises(UploadTooLarge):
        async with spooled(endless(), tmp_path, 2500):
            pytest.fail("never entered")
    assert list(tmp_path.iterdir()) == []


async def test_a_caller_who_hangs_up_in_the_middle_leaves_nothing_and_is_no_fault_of_ours(
    app: Litestar, owner: Party, operator: Party, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}/revisions"
    events: list[Any] = [
        {"type": "http.request", "body": b"a,b\n1,2\n", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower(), value) for name, value in operator.http.headers.raw]
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert "unforeseen_error" not in capsys.readouterr().out
    assert not list(settings.spool_dir.iterdir())
    assert (await operator.get(path))["items"] == []


async def test_a_published_product_keeps_its_columns_and_its_last_good_revision(
    owner: Party, operator: Party, regulator: Party, sessions: SessionMaker, settings: Settings
) -> None:
    product_id = await published(owner, operator, regulator)
    before = files(settings)
    breaking = await upload(operator, product_id, b"station,pm25\nS1,2.5\nS2,3.5\n")
    await settle_quality(operator, breaking["id"])
    assert breaking["change"]["status"] == "proposed"
    assert (
        files(settings) == {*before, f"{breaking['id']}.parquet"} or len(files(settings)) == len(before) + 1
    )
    worse = await upload(operator, product_id, CSV + ROW)
    await settle_quality(operator, worse["id"], passed=False)
    async with transaction(sessions) as session:
        assert (await service.get_current_revision(session, UUID(product_id))).number == 1
    await settle_quality(operator, (await upload(operator, product_id, CSV + ROW * 2))["id"])
    async with transaction(sessions) as session:
        assert (await service.get_current_revision(session, UUID(product_id))).number == 4


async def test_what_a_refusal_advises_can_be_asked_of_the_upload(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}/revisions"
    mixed = "day\n" + "".join(f"2024-01-{day:02}\n" for day in range(1, 31)) + "17\n"
    refused = await operator.http.post(path, content=mixed, headers={"Accept-Language": "en"})
    assert refused.status_code == 422, refused.text
    problem = refused.json()
    assert (slug(problem), problem["line"], problem["column"]) == ("mixed-column", 32, "day")
    assert "strict=false" in problem["remedy"]

    async def sent(**options: str) -> dict[str, Any]:
        answer = await operator.http.post(path, content=mixed, params=options)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    lenient = await sent(strict="false")
    assert lenient["options"] == OPTIONS | {"strict": False}
    assert (lenient["columns"][0]["kind"], lenient["profile"]["notices"][0]["code"]) == (
        "text",
        "kept-as-text",
    )
    assert (await sent(strict="false"))["id"] == lenient["id"], "the same upload again"
    unnamed = await sent(strict="false", header="false", delimiter="tab")
    assert (unnamed["number"], unnamed["rows"]) == (2, 32)
    assert unnamed["options"] == OPTIONS | {"strict": False, "delimiter": "tab", "header": False}
    assert unnamed["columns"][0]["name"] == "column_1"
    assert (await operator.get(f"/v1/revisions/{unnamed['id']}"))["options"] == unnamed["options"]
    assert (await operator.http.post(path, content=mixed, params={"delimiter": "colon"})).status_code == 400


async def test_what_is_stated_of_a_compressed_file_is_recorded(owner: Party, operator: Party) -> None:
    product = await draft(owner, operator)
    path = f"/v1/products/{product['id']}/revisions"
    text = "n;price;note\n1;1.200,5;'a;b'\n-999;2,25;无\n3;3;4;5\n"
    stated = {"quote": "single", "decimal_mark": "comma", "null_words": ["-999", "无"], "lenient": "true"}
    answer = await operator.http.post(path, content=gzip.compress(text.encode()), params=stated)
    assert answer.status_code == 201, answer.text
    revision = answer.json()
    assert revision["options"] == OPTIONS | stated | {"lenient": True}
    assert [(c["name"], c["kind"]) for c in revision["columns"]] == [
        ("n", "integer"),
        ("price", "decimal"),
        ("note", "text"),
    ]
    assert (revision["rows"], revision["source_format"]) == (2, "csv")
    notices = {notice["code"]: notice for notice in revision["profile"]["notices"]}
    assert notices["lines-dropped"]["line"] == 4
    assert "gzip" in notices["unpacked"]["message"]
    refused = await operator.http.post(
        path, content="a;b\n1;2\n", params={"delimiter": "pipe"}, headers={"Accept-Language": "zh"}
    )
    assert refused.status_code == 422
    assert (slug(refused.json()), "semicolon" in refused.json()["remedy"]) == ("stated-otherwise", True)
    assert "声明的分隔符是 pipe" in refused.json()["detail"]
