"""The reference explains every operation and shows a real example of it, which is sent here to a running service."""

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from market.reference.examples import examples
from tests.reference.__main__ import SETTINGS, first_password
from tests.reference.play import recorded
from tests.support.network import free_port
from tests.support.running_market import RunningMarket

HOW = (
    "play it in tests/reference/beside.py (a GET is found by itself where its list is not empty), then run "
    "`make examples` and look at the difference"
)
WITHOUT = {
    "createCardPaymentBankRefund": "needs a card processor",
    "createCardPayment": "needs a card processor",
    "createCardPaymentRefund": "needs a card processor",
    "createRefund": "needs a card processor",
    "dropDeadLetter": "needs a subscriber that fails",
    "dropHeldJob": "needs a job that fails",
    "extendEnforcement": "needs revisions that fail for hours",
    "getCardPayment": "needs a card processor",
    "getDeadLetter": "needs a subscriber that fails",
    "getHeldJob": "needs a job that fails",
    "receiveStripeWebhook": "is signed by Stripe",
    "relistProduct": "needs a product that was delisted",
    "requestRelisting": "needs a product that was delisted",
    "requestPasswordReset": "needs a mail server",
    "resendInvitation": "needs a mail server",
    "terminateEnforcement": "needs revisions that fail for hours",
    "retryDeadLetter": "needs a subscriber that fails",
    "retryHeldJob": "needs a job that fails",
}
"""Operations whose example needs more than a service that runs, and what."""

SLOW = {"getAuditHead"}
"""What is there a minute after the start only; the command waits for it, the test does not."""

_STAND_IN = re.compile(r"019c12ab-0000-7000-8000-\d{12}|\d{6}\b|\b[0-9a-f]{64}\b|[0-9A-Z]{18}|[\w-]{22,}")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document that is served; another test holds it against the code."""
    path = Path(__file__).parents[1] / "openapi.json"
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["operationId"]: item for path in document["paths"].values() for item in path.values()}


@pytest.fixture(scope="module")
def played() -> Iterator[dict[str, dict[str, Any]]]:
    """What the same play sends and is answered now."""
    with tempfile.TemporaryDirectory(prefix="market-reference-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        market = RunningMarket(folder / "var", free_port(), folder / "log", SETTINGS, demo=False)
        try:
            market.start()
            yield asyncio.run(recorded(market.base_url, first_password(market.said()), folder))
        finally:
            if market.child is not None:
                market.stop()


def test_every_operation_says_what_it_does_and_who_may(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        told, _, who = operation.get("description", "").partition("\n\n**Who**: ")
        assert len(told) > 20, (
            f"{name} has no description: its handler's docstring says what it does for a stranger"
        )
        assert who, f"{name} does not say who may call it"
        assert not re.search(r":raises|:param|``", told), f"{name} shows markup of the source: {told}"


def test_every_operation_has_a_real_example(document: dict[str, Any]) -> None:
    known = set(operations(document))
    missing = sorted(known - examples().keys() - WITHOUT.keys())
    assert not missing, f"no example of {', '.join(missing)}: {HOW}"
    gone = sorted(examples().keys() - known)
    assert not gone, f"examples of operations that are gone: {', '.join(gone)}; run `make examples`"
    assert not WITHOUT.keys() & examples().keys()


def test_the_document_shows_them(document: dict[str, Any]) -> None:
    shown = operations(document)["placeOrder"]
    [media] = shown["requestBody"]["content"].values()
    assert media["example"]["purpose_statement"] == "Advice to industry on the siting of plants"
    assert shown["responses"]["201"]["content"]["application/json"]["example"]["digest"]


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    wrong = []
    for name, operation in operations(document).items():
        example = examples().get(name)
        if example is None:
            continue
        answer = operation["responses"][str(example["response"]["status"])]
        pairs = [(answer.get("content", {}), example["response"]["body"])]
        pairs += [(operation.get("requestBody", {}).get("content", {}), example["request"]["body"])]
        for content, body in pairs:
            for media_type, media in content.items():
                if "json" in media_type and body is not None:
                    schema = {**media["schema"], "components": document["components"]}
                    wrong += [
                        f"{name}: {error.message} at {list(error.instance_path)}"
                        for error in jsonschema_rs.validator_for(schema).iter_errors(body)
                    ]
    assert not wrong, "\n".join([*wrong[:10], "the interface changed: run `make examples`"])


def test_no_example_holds_a_secret_an_address_of_a_machine_or_noise() -> None:
    text = json.dumps(examples(), ensure_ascii=False)
    ids = set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text))
    assert [one for one in ids if not one.startswith("019c12ab-0000-")] == []
    assert "127.0.0.1" not in text
    assert "localhost" not in text
    for name, example in examples().items():
        body = example["request"]["body"]
        values = body.values() if isinstance(body, dict) else [body]
        assert not [value for value in values if value in ("$", "string", "")], name


def shape(value: Any) -> Any:
    """What a value is made of: its members and types, and what code-like texts say."""
    match value:
        case dict():
            return {name: shape(item) for name, item in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case str():
            return "text"
        case None:
            return None
    return "value"


def renamed(value: Any) -> str:
    """A request without what is numbered as it appears."""
    return _STAND_IN.sub("*", json.dumps(value, ensure_ascii=False, sort_keys=True))


def same(one: Any, other: Any) -> bool:
    """Whether two answers have the same members; an absent one or an empty list says nothing."""
    if one in (None, []) or other in (None, []):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys() and all("-" not in key for key in one):
            return False
        return all(same(item, other[name]) for name, item in one.items() if name in other)
    if isinstance(one, list) and isinstance(other, list):
        return same(one[0], other[0])
    return type(one) is type(other)


@pytest.mark.e2e
def test_every_example_is_sent_and_answered_as_it_is_shown(played: dict[str, dict[str, Any]]) -> None:
    assert sorted(examples().keys() - played.keys() - SLOW) == [], HOW
    for name, example in examples().items():
        if name in SLOW:
            continue
        now = played[name]
        assert renamed(now["request"]) == renamed(example["request"]), (
            f"{name} is sent otherwise: run `make examples`"
        )
        assert now["response"]["status"] == example["response"]["status"], name
        assert same(shape(now["response"]["body"]), shape(example["response"]["body"])), (
            f"{name} is answered otherwise: run `make examples`"
        )
