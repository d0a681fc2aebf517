"""Suites and data contracts that cannot be: each is refused in the reader's language, and nothing is changed."""

import codecs
import json
import time
from typing import Any

import httpx

from listings.data_contracts.parsing import MAX_BYTES
from tests.support.parties import Party
from tests.support.products import complete

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: '1'\nstatus: draft\n"
RULE = "{metric: rowCount, mustBeGreaterThan: 9, dimension: completeness}"
CONTRACT = f"{HEAD}schema:\n- name: t\n  quality: [{RULE}]\n"

CONTRACTS: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 422),
    "white space": (b" \n\n", 422),
    "tabs": (b"schema:\n\t- name: t\n", 422),
    "json": (json.dumps({"kind": "DataContract"}).encode(), 422),
    "utf-16": (codecs.BOM_UTF16_LE + CONTRACT.encode("utf-16-le"), 422),
    "gbk": (CONTRACT.replace("id: x", "id: 空气").encode("gbk"), 422),
    "nul": (CONTRACT.replace("name: t", "name: 't\x00'").encode(), 422),
    "alias": (b"a: &a x\nb: *a\n", 422),
    "merge": (b"a: &a {b: 1}\nc: {<<: *a}\n", 422),
    "python": (b"!!python/object/apply:os.system ['touch /tmp/x']\n", 422),
    "tag of a key": (b"!!str a: 1\n", 422),
    "date as a kind": (b"kind: 2026-01-01\n", 422),
    "on": (b"on: [push]\nkind: on\n", 422),
    "twice": (CONTRACT.encode() + b"kind: DataContract\n", 422),
    "two documents": (CONTRACT.encode() + b"---\n" + CONTRACT.encode(), 422),
    "deep": (b"[" * 10_000, 422),
    "deep mappings": (b"{a: " * 10_000, 422),
    "long name": (b"kind: DataContract\n" + b"n" * 1_000_000 + b": 1\n", 422),
    "control characters": ("kind: '\x1b[31m\u202egnp.exe'\n".encode(), 422),
    "surrogate": (rb'kind: "\ud800"', 422),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", 422),
    "zip": (b"PK\x03\x04" + bytes(range(256)), 422),
    "too long": (b"#" * (MAX_BYTES + 1), 413),
    "no quality": (f"{HEAD}schema:\n- name: t\n".encode(), 422),
    "no such list": (CONTRACT.replace(RULE, "all good").encode(), 422),
    "numbers": (CONTRACT.replace("9", "1e999").encode(), 422),
    "infinite": (CONTRACT.replace("9", ".inf").encode(), 422),
    "not a number": (CONTRACT.replace("9", ".nan").encode(), 422),
    "name of a column": (
        f"{HEAD}schema:\n- properties:\n  - {{name: {'n' * 100_000}, quality: [{RULE}]}}\n".encode(),
        422,
    ),
    "five hundred rules": (
        (f"{HEAD}schema:\n- name: t\n  quality:\n" + f"  - {RULE}\n" * 500).encode(),
        422,
    ),
    "ten thousand rules": (
        (f"{HEAD}schema:\n- name: t\n  quality:\n" + f"  - {RULE}\n" * 10_000).encode(),
        422,
    ),
}


async def put(party: Party, path: str, content: bytes, kind: str, language: str) -> httpx.Response:
    return await party.http.put(
        path, content=content, headers={"Content-Type": kind, "Accept-Language": language}
    )


def require_clear(answer: httpx.Response, name: str, status: int) -> None:
    """A problem that says what to do, in Chinese, and not at length."""
    assert answer.status_code == status, (name, answer.status_code, answer.text[:500])
    told = answer.json()
    texts = [told["title"], told["detail"]]
    texts += [one["detail"] for one in told.get("problems", ())]
    remedies = [told.get("remedy"), *(one.get("remedy") for one in told.get("problems", ()))]
    assert any(remedies) or told.get("errors"), (name, told)
    for text in (*texts, *(remedy for remedy in remedies if remedy)):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), (name, text)
    assert len(answer.content) < 100_000, (name, len(answer.content))
    assert "\x1b" not in answer.text


async def test_files_that_are_no_contract_are_told_so(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    home = f"/v1/products/{product_id}"
    before = await operator.get(f"{home}/quality-suite")
    digest = before["in_force"]["digest"]
    for name, (content, status) in CONTRACTS.items():
        for kind in ("application/yaml", "application/json"):
            began = time.monotonic()
            answer = await put(operator, f"{home}/data-contract?based_on={digest}", content, kind, "zh")
            require_clear(answer, f"{name} as {kind}", status)
            assert time.monotonic() - began < 5, name
    assert await operator.get(f"{home}/quality-suite") == before


ROWS: dict[str, Any] = {
    "type": "row_count",
    "columns": [],
    "dimension": "completeness",
    "arguments": {"minimum": "10"},
}
RANGE: dict[str, Any] = {
    "type": "between",
    "columns": ["pm25"],
    "dimension": "accuracy",
    "arguments": {"minimum": "0", "maximum": "500"},
}

BOUNDS: list[Any] = ["1e999", "NaN", "inf", "", "9" * 39, 500, 1.5, True, None, [], {}, "=1+1", "2026-01-01"]

CHECKS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "ten thousand": [ROWS | {"name": f"c{n}"} for n in range(10_000)],
    "absent column": [RANGE | {"columns": ["so2"]}],
    "column of spaces": [RANGE | {"columns": [" "]}],
    "nine columns": [{"type": "unique_together", "columns": list("abcdefghi"), "dimension": "accuracy"}],
    "long column": [RANGE | {"columns": ["n" * 1_000_000]}],
    "long name": [ROWS | {"name": "n" * 1_000_000}],
    "control characters": [ROWS | {"name": "\x1b[31mred"}],
    "right to left": [ROWS | {"name": "\u202egnp.exe"}],
    "nul": [ROWS | {"name": "a\x00b"}],
    "blank name": [ROWS | {"name": "\u200b"}],
    "owner of two lines": [ROWS | {"owner": "a\nb"}],
    "unknown type": [ROWS | {"type": "row_condition"}],
    "unknown member": [ROWS | {"row_condition": "1"}],
    "deep arguments": [ROWS | {"arguments": {"minimum": json.loads("[" * 90 + "]" * 90)}}],
    "many values": [
        {
            "type": "in_set",
            "columns": ["station"],
            "dimension": "conformity",
            "arguments": {"values": [str(n) for n in range(5_000)]},
        }
    ],
    **{
        f"tolerance of {limit}": [RANGE | {"tolerance": {"limit": limit, "unit": unit}}]
        for limit, unit in (
            *(("-1", unit) for unit in ("rows", "percent")),
            *((limit, "percent") for limit in ("101", "100", "1e999", "1E1", "NaN", "Infinity", "", "1_0")),
            *((limit, "rows") for limit in ("0.5", "1e999999999", "sNaN", "٣")),
        )
    },
    **{f"bound of {bound!r}": [RANGE | {"arguments": {"maximum": bound}}] for bound in BOUNDS},
    "crossed": [RANGE | {"arguments": {"minimum": "2", "maximum": "1"}}],
    "rows below none": [ROWS | {"arguments": {"minimum": "-1"}}],
}


async def test_suites_that_cannot_be_are_told_so(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    path = f"/v1/products/{product_id}/quality-suite"
    before = await operator.get(path)
    bodies: dict[str, bytes] = {
        name: json.dumps(
            {"product_class": "general", "checks": checks, "based_on": before["in_force"]["digest"]}
        ).encode()
        for name, checks in CHECKS.items()
    }
    bodies["number as a limit"] = bodies["tolerance of 101"].replace(b'"101"', b"1e999")
    bodies["not a number as a bound"] = bodies["bound of 'NaN'"].replace(b'"NaN"', b"NaN")
    for name, body in bodies.items():
        began = time.monotonic()
        answer = await put(operator, path, body, "application/json", "zh")
        assert 400 <= answer.status_code < 500, (name, answer.status_code, answer.text[:300])
        require_clear(answer, name, answer.status_code)
        assert time.monotonic() - began < 5, name
    assert await operator.get(path) == before


async def test_names_that_are_dangerous_elsewhere_are_texts_here(owner: Party, operator: Party) -> None:
    product_id = await complete(owner, operator)
    path = f"/v1/products/{product_id}/quality-suite"
    names = ["=1+1", "@SUM(A1)", "<script>alert(1)</script>", "空气质量；\ufdfa", "' OR 1=1 --"]
    digest = (await operator.get(path))["in_force"]["digest"]
    checks = [ROWS | {"name": name} for name in names]
    written = await operator.put(path, {"product_class": "general", "checks": checks, "based_on": digest})
    assert [check["name"] for check in written["suite"]["checks"]] == names
