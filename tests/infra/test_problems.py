"""What strange requests are told: a problem document of theirs, never a fault of ours."""

import re
from collections import Counter
from uuid import uuid4

import httpx
import pytest

from infra.auth import ROLE_PERMISSIONS, OrganisationKind
from tests.support.parties import ROLES, Party, PartyMaker


@pytest.mark.parametrize(
    "body", [b"[" * 100_000 + b"]" * 100_000, b'{"email":' * 100_000], ids=["closed", "open"]
)
async def test_a_body_nested_too_deeply_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("malformed-request")


@pytest.mark.parametrize(
    ("accepted", "language", "title", "detail"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh", "提交的内容无效", "email：必填; password：必填"),
        ("en", "en", "Invalid payload", "email: Is required; password: Is required"),
    ],
)
async def test_a_problem_is_told_in_the_readers_language(
    client: httpx.AsyncClient, accepted: str, language: str, title: str, detail: str
) -> None:
    answer = await client.post("/v1/session", json={}, headers={"Accept-Language": accepted})
    problem = answer.json()
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    assert problem["type"] == "urn:data-market:problem:invalid-payload"
    assert (problem["title"], problem["detail"]) == (title, detail)
    assert [item["at"] for item in problem["errors"]] == ["email", "password"]


SIGN_IN = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "english", "chinese"),
    [
        (b"", "The body is missing", "缺少请求正文"),
        ('{"email": "同意"}'.encode("gbk"), "not UTF-8", "不是UTF-8"),
        (b"{'email': 1}", "line 1, column 2: a name in double quotes", "第1行第2列"),
        (b'{"email": "a",\n}', "line 2, column 1: a name in double quotes", "第2行第1列"),
        ("{“email”: 1}".encode(), 'write " instead of “', '请将“改为"'),
        ('{"email"："a"}'.encode(), "write : instead of ：", "请将：改为:"),
        (b'{"email": "a"', "line 1, column 14: a comma or a closing bracket", "第1行第14列"),
        (b'{"email": NaN}', "NaN is not a number of JSON", "NaN"),
        (b'{"email": "\\ud800"}', "half of a surrogate pair", "代理"),
        (b"hello", "line 1, column 1: a value is expected", "第1行第1列"),
    ],
)
async def test_a_body_that_is_no_json_is_told_where_and_what_to_write(
    client: httpx.AsyncClient, body: bytes, english: str, chinese: str
) -> None:
    for language, words in (("en", english), ("zh", chinese)):
        answer = await client.post(
            "/v1/session", content=body, headers={**SIGN_IN, "Accept-Language": language}
        )
        problem = answer.json()
        assert answer.status_code == (400 if body else 422), problem
        assert words in problem["detail"]
        assert problem["remedy"]
        assert "'data'" not in answer.text


async def test_a_byte_order_mark_before_a_body_is_passed_over(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/session", content=b'\xef\xbb\xbf{"email": "a@b.example"}', headers=SIGN_IN
    )
    assert answer.json()["detail"] == "password: Is required"


async def test_a_parameter_is_called_by_the_name_that_was_sent_and_its_values_are_listed(
    owner: Party,
) -> None:
    for query, at, words in (
        ("status=pade", "status", "issued, paid"),
        ("limit=abc", "limit", "整数"),
    ):
        answer = await owner.http.get(f"/v1/invoices?{query}", headers={"Accept-Language": "zh"})
        [error] = answer.json()["errors"]
        assert error["at"] == at
        assert words in error["problem"]
    answer = await owner.http.get("/v1/directory?unified_social_credit_code=9131")
    assert answer.json()["errors"] == [
        {
            "at": "unified_social_credit_code",
            "problem": "Must be a unified social credit code: 18 digits and capital letters without I, O, S, V and Z",
        }
    ]


async def test_chinese_lists_hold_no_english_between_their_values(
    owner: Party,
) -> None:
    answer = await owner.http.post(
        "/v1/resources",
        json={"classification": "PUBLIC"},
        headers={"Accept-Language": "zh", "Idempotency-Key": "a"},
    )
    told = {error["at"]: error["problem"] for error in answer.json()["errors"]}
    assert told["classification"] == "必须为以下值之一：GENERAL, IMPORTANT, CORE"


async def test_an_address_that_does_not_exist_says_where_to_look(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/v1/invoices/abc")).json()
    assert problem["status"] == 404
    assert "/schema" in problem["remedy"]


BAD_BODIES = (b"", b"{'a': 1}", b"[]", '{"reason": "同意"}'.encode("gbk"), b'{"zzz": [[1]]}', b"null")
# Words of the libraries that read requests, and of nobody who answers a person.
FOREIGN = re.compile(
    r"Value error|Input should|Expected `|Missing required|malformed:|pydantic|msgspec|'data'"
)
WITHOUT_JSON = frozenset({"receiveStripeWebhook", "importBankStatement", "uploadRevision"})


async def test_every_operation_answers_slips_with_words_and_a_way_on(
    client: httpx.AsyncClient, party: PartyMaker
) -> None:
    """What anybody may send by mistake, to every address by somebody who may call it, in both languages."""
    callers = [(await party(kind), ROLE_PERMISSIONS[ROLES[kind]]) for kind in OrganisationKind]
    document = (await client.get("/schema/openapi.json")).json()
    wrong, heard, tried = [], Counter[int](), Counter[str]()
    for path, item in document["paths"].items():
        if path.startswith(("/oauth", "/data", "/health", "/schema")):
            continue
        address = re.sub(r"\{\w+\}", str(uuid4()), path)
        for method, operation in item.items():
            name = operation["operationId"]
            slips: list[tuple[str, bytes | None]] = [("zzz=1", None)]
            slips += [("a=%00", None)] if tried["nul"] < 5 else []
            tried["nul"] += 1
            if "json" in str(operation.get("requestBody", "")) and name not in WITHOUT_JSON:
                # Bodies are read at one place: two each are enough to see that every operation reads there.
                tried["bodies"] += 1
                slips += [
                    ("", BAD_BODIES[(tried["bodies"] + further) % len(BAD_BODIES)]) for further in (0, 3)
                ]
            query = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            tried.update(query)
            query = [one for one in query if tried[one] < 4]
            slips += [(f"{one}=%E4%B8%AD", None) for one in query]
            need = re.search(r"permission `([\w.]+)`", operation["description"])
            able = [one for one, held in callers if need is None or need[1] in held]
            for place, (asked, body) in enumerate(slips):
                language = ("en", "zh")[place % 2]
                headers = {"Accept-Language": language, "Idempotency-Key": str(uuid4())}
                if body is not None:
                    headers["Content-Type"] = "application/json"
                for caller in able[:1]:
                    answer = await caller.http.request(
                        method, f"{address}?{asked}" if asked else address, content=body, headers=headers
                    )
                    heard[answer.status_code] += 1
                    if answer.is_success or path == "/" or method.upper() == "HEAD":
                        continue
                    problem = answer.json()
                    told = f"{problem['title']} {problem['detail']} {problem.get('remedy', '')}"
                    if (
                        answer.status_code >= 500
                        or not problem.get("remedy")
                        or FOREIGN.search(told)
                        or (language == "zh") != bool(re.search("[一-鿿]", problem["detail"]))
                    ):
                        wrong.append((name, asked or body, answer.status_code, told))
    assert wrong == []
    assert heard[400] > 150
    assert heard[422] > 60
