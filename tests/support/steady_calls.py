"""A buyer's programs that call all the time, on every API process at once, and note what each call was answered."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.support.problems import slug

PAUSE_SECONDS = 0.03
ROUND_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Call:
    """One data call.

    :ivar began, ended: seconds of the clock since 1970.
    :ivar status: of the answer; 0 without one.
    :ivar revision: that it was answered from.
    :ivar columns: names in the answer's rows.
    :ivar units: that it was metered with; none of a repeated one.
    :ivar sunset: whether it announced a change of the columns.
    :ivar problem: type of the problem it was refused with.
    """

    licence: str
    process: int
    began: float
    ended: float
    status: int
    revision: str | None = None
    columns: frozenset[str] = frozenset()
    units: dict[str, int] = field(default_factory=dict)
    sunset: bool = False
    problem: str | None = None


@dataclass(slots=True)
class SteadyCalls:
    """Threads that call for every licence in turn, one for each API process; a context manager.

    :ivar addresses: of the product's records, on each process.
    :ivar tokens: of the licences, by a name for each.
    :ivar made: calls that have ended.
    """

    addresses: Sequence[str]
    tokens: dict[str, str] = field(default_factory=dict)
    made: list[Call] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [
            threading.Thread(target=self._call, args=(number,)) for number in range(len(self.addresses))
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Have the calls under way end, and begin no further one."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _call(self, process: int) -> None:
        with httpx.Client(timeout=30) as http:
            while not self._ended.is_set():
                for name in list(self.tokens):
                    self.call(http, name, process)
                self._ended.wait(PAUSE_SECONDS)

    def call(
        self, http: httpx.Client, name: str, process: int = 0, query: str = "limit=5", **headers: str
    ) -> httpx.Response | None:
        """One call of a licence, for industry unless said otherwise; None when no answer came."""
        sent = {"Authorization": f"Bearer {self.tokens[name]}", "Data-Purpose": "industry"}
        sent |= {header.replace("_", "-"): value for header, value in headers.items()}
        began = time.time()
        try:
            answer = http.get(f"{self.addresses[process]}?{query}", headers=sent)
        except httpx.TransportError:
            self.made.append(Call(name, process, began, time.time(), 0))
            return None
        ended = time.time()
        if not answer.is_success:
            self.made.append(
                Call(name, process, began, ended, answer.status_code, problem=slug(answer.json()))
            )
            return answer
        counted = (unit.split("=") for unit in answer.headers["usage-units"].split(", "))
        units = {} if "usage-repeated" in answer.headers else {unit: int(count) for unit, count in counted}
        self.made.append(
            Call(
                name,
                process,
                began,
                ended,
                answer.status_code,
                answer.headers["data-revision"],
                frozenset(column for row in answer.json()["items"] for column in row),
                units,
                "sunset" in answer.headers,
            )
        )
        return answer

    def after(self, moment: float, names: Iterable[str] | None = None) -> list[Call]:
        """The calls that began after a moment; waits until each process has answered every licence twice since."""
        wanted = {(name, n) for name in names or self.tokens for n in range(len(self.addresses))}
        ends = time.monotonic() + ROUND_SECONDS
        while True:
            since = [call for call in list(self.made) if call.began >= moment]
            counted = [(call.licence, call.process) for call in since]
            if all(counted.count(one) >= 2 for one in wanted):
                return since
            assert time.monotonic() < ends, f"calls stand still: {counted}"
            time.sleep(0.02)
