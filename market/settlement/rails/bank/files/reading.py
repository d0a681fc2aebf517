"""Bank files are read in a child process, as data files are: a small one can unfold to much more than its size.

This is both halves of it: :func:`read` is the service's, and ``python -m`` runs the child's, which
:func:`infra.child_process.serve` bounds. A request is ``{"path"}``, its answer ``{"statements"}`` or ``{"refusal"}``.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter

from infra.child_process import ChildCrashed, ChildProcess, ChildTimedOut, ProcessLimits, serve
from infra.memory_budget import Claim, MemoryBudget
from infra.messages import Message, message_from_json, message_to_json
from market.settlement.rails.bank.domain import Statement, check_balances
from market.settlement.rails.bank.errors import StatementError, StatementRefused, StatementTooLarge

MEMORY_MB = 512
"""Memory that the reading of one file may take: three times what the largest ordinary one needs."""

SECONDS = 60

log = structlog.get_logger()

_STATEMENTS = TypeAdapter(list[Statement])
# Watched rather than refused by the kernel: lxml reports a failed allocation as an unknown error of the file.
_LIMITS = ProcessLimits(resident_bytes=MEMORY_MB * 1024 * 1024, cpu_seconds=SECONDS, file_bytes=0)


async def read(document: bytes, budget: MemoryBudget) -> list[Statement]:
    """The statements of a camt.053 file; each adds up: opening balance + entries = closing balance.

    :param budget: what the child's memory is claimed from.
    :raises StatementRefused: not a camt.053 message, or a statement whose figures contradict each other.
    :raises StatementTooLarge: it needs more memory or time than one file may.
    :raises FilesBusy: there was no memory for it in time.
    """
    async with budget.claim(MEMORY_MB) as claim:
        with tempfile.TemporaryDirectory(prefix="bank-") as home:
            answer = await _ask(document, Path(home), claim)
    try:
        if "statements" in answer:
            return _STATEMENTS.validate_python(answer["statements"])
        reason = message_from_json(answer["refusal"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable() from error
    raise refused(reason)


def parse(document: bytes) -> list[Statement]:
    """The same in this process, for files of our own.

    :raises StatementError: see :func:`read`.
    """
    from market.settlement.rails.bank.files import (
        camt053,  # and with it lxml, which the service need not load
    )

    statements = camt053.parse(document)
    for statement in statements:
        check_balances(statement)
    return statements


def refused(reason: Message) -> StatementRefused:
    """The refusal of a file that was read and is wrong."""
    return StatementRefused(
        Message("{reason}.", reason=reason),
        remedy=Message(
            "Ask the bank for the whole statement as camt.053 (ISO 20022, XML), and send its file unchanged; nothing"
            " was imported."
        ),
    )


def _too_large() -> StatementTooLarge:
    return StatementTooLarge(
        Message("The file needs more memory or time than the reading of one may take."),
        remedy=Message("Ask the bank for one file a day, or a shorter period; nothing was imported."),
    )


def _unreadable() -> StatementRefused:
    return refused(Message("the process that reads the file ended without a result"))


async def _ask(document: bytes, home: Path, claim: Claim) -> dict[str, Any]:
    path = home.joinpath("statement.xml")
    await asyncio.to_thread(path.write_bytes, document)
    child = await ChildProcess.start(__name__, limits=_LIMITS, home=home, claim=claim)
    try:
        return await child.ask({"path": str(path)}, timeout_s=SECONDS)
    except ChildTimedOut:
        raise _too_large() from None
    except ChildCrashed as crash:
        if crash.out_of_memory:
            raise _too_large() from None
        log.error("bank_statement_unread", ending=crash.ending)
        raise _unreadable() from None
    finally:
        await child.kill()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"statements": _STATEMENTS.dump_python(parse(Path(request["path"]).read_bytes()), mode="json")}
    except StatementError as error:
        return {"refusal": message_to_json(error.reason)}


if __name__ == "__main__":
    serve(lambda: _answer)
