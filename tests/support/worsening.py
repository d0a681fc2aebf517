"""Files made worse on purpose, in twelve ways, and files to begin with.

What is damaged is sound before: rows that nobody damaged, that are whole and whose key no other row has.
"""

import csv
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from market.demo.city_data import write_city_air_quality


class Row(list[str]):
    """Cells of a row; ``damaged`` once something was done to it."""

    damaged = False

    def copied(self) -> "Row":
        made = Row(self)
        made.damaged = self.damaged
        return made


class Way(StrEnum):
    """How a file is made worse."""

    REPEAT_KEYS = "repeat keys"
    BLANK_VALUES = "blank values"
    SHIFT_DATES = "shift dates"
    BREAK_CODES = "break codes"
    TRUNCATE = "truncate"
    DUPLICATE_ROWS = "duplicate rows"
    SWAP_COLUMNS = "swap columns"
    ADD_OUTLIERS = "add outliers"
    STALE_TIMES = "stale times"
    MIXED_UNITS = "mixed units"
    MOJIBAKE = "mojibake"
    DROP_CATEGORY = "drop a category"


@dataclass(frozen=True)
class Targets:
    """What of a sheet is damaged; an empty name where it has no such column."""

    key: tuple[str, ...]
    blank: str
    time: str = ""
    code: str = ""
    pair: tuple[str, str] | None = None
    quantity: str = ""
    unit: str = ""
    factor: float = 1000
    text: str = ""
    category: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table as text.

    :ivar units: what the dictionary says that columns are measured in.
    :ivar within: how old the newest time may be on arrival, where the product promises it.
    """

    name: str
    header: list[str]
    rows: list[Row]
    targets: Targets
    units: Mapping[str, str] = field(default_factory=dict)
    within: str | None = None

    def place(self, column: str) -> int:
        return self.header.index(column)

    def write(self, path: Path) -> Path:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.header)
            writer.writerows(self.rows)
        return path


def read_sheet(name: str, path: Path, targets: Targets) -> Sheet:
    """A CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return Sheet(name, header, [Row(row) for row in rows], targets)


def city(folder: Path, days: int = 3) -> Sheet:
    """Hourly air quality with the few defects of the demo."""
    targets = Targets(
        key=("station_id", "observed_at"), blank="pm25", time="observed_at", code="station_id",
        pair=("pm10", "pm25"), quantity="so2", unit="co", text="station_name", category="station_id",
    )  # fmt: skip
    made = read_sheet("city", write_city_air_quality(folder / "city.csv", days=days), targets)
    return replace(made, within="P90D")


def register(rows: int = 400) -> Sheet:
    """Enterprises, made up: an identifier, codes of standards, a range, two dates, a category."""
    chance = random.Random(7)
    districts = ("110101", "310115", "440305", "330106", "510107")
    kinds = ("股份有限公司", "有限责任公司", "个人独资企业", "合伙企业")
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    made = []
    for number in range(rows):
        opened = date(2001, 1, 1) + timedelta(days=chance.randrange(8_000))
        made.append(
            [
                f"E{number:06d}",
                "".join(chance.choice(alphabet) for _ in range(18)),
                "东西南北中"[number % 5] + "方贸易" + "甲乙丙丁戊己庚"[number % 7] + "公司",
                districts[chance.randrange(5)],
                kinds[chance.randrange(4)],
                f"{chance.lognormvariate(4, 0.5):.2f}",
                f"{chance.gauss(50, 8):.1f}",
                str(chance.randrange(1, 200)),
                opened.isoformat(),
                (opened + timedelta(days=chance.randrange(300))).isoformat(),
            ]
        )
    targets = Targets(
        key=("enterprise_id",), blank="employee_count", time="start_date", code="division_code",
        pair=("end_date", "start_date"), quantity="employee_count", unit="capital", factor=10_000,
        text="name", category="kind",
    )  # fmt: skip
    header = [
        "enterprise_id", "信用代码", "name", "division_code", "kind", "capital", "score_pct", "employee_count",
        "start_date", "end_date",
    ]  # fmt: skip
    return Sheet("register", header, [Row(row) for row in made], targets, {"capital": "万元"})


def ways_of(sheet: Sheet) -> list[Way]:
    """The ways for which the sheet has a column."""
    targets = sheet.targets
    needed = {
        Way.SHIFT_DATES: targets.time,
        Way.STALE_TIMES: sheet.within,
        Way.BREAK_CODES: targets.code,
        Way.SWAP_COLUMNS: targets.pair,
        Way.ADD_OUTLIERS: targets.quantity,
        Way.MIXED_UNITS: targets.unit,
        Way.MOJIBAKE: targets.text,
        Way.DROP_CATEGORY: targets.category,
    }
    return [way for way in Way if needed.get(way, True)]


def worsen(sheet: Sheet, way: Way, share: float, seed: int = 1) -> Sheet:
    """The sheet with a share of its rows made worse; at least one of them.

    Of a category that is dropped, all rows go, whatever the share; times go stale as a whole.
    """
    chance = random.Random(f"{seed} {way}")
    sound = _sound(sheet)
    chosen = sorted(chance.sample(sound, min(len(sound), max(1, round(share * len(sheet.rows))))))
    rows = [row.copied() for row in sheet.rows]
    for number in chosen:
        rows[number].damaged = True
    _DAMAGE[way](sheet, rows, chosen, chance)
    return replace(sheet, rows=[row for row in rows if row])


def _sound(sheet: Sheet) -> list[int]:
    keys = Counter(_key(sheet, row) for row in sheet.rows)
    return [
        number
        for number, row in enumerate(sheet.rows)
        if not row.damaged and keys[_key(sheet, row)] == 1 and all(cell.strip() for cell in row)
    ]


def _key(sheet: Sheet, row: Row) -> tuple[str, ...]:
    return tuple(row[sheet.place(column)] for column in sheet.targets.key)


def _repeat_keys(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    others = [number for number in _sound(sheet) if number not in set(chosen)] or [0]
    for number in chosen:
        other = rows[chance.choice(others)]
        for column in sheet.targets.key:
            rows[number][sheet.place(column)] = other[sheet.place(column)]


def _set(column: Callable[[Targets], str], change: Callable[[str], str]) -> Callable[..., None]:
    def damage(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
        place = sheet.place(column(sheet.targets))
        for number in chosen:
            rows[number][place] = change(rows[number][place])

    return damage


def _moved(text: str, years: int) -> str:
    shift = timedelta(days=366 * years)
    if len(text) == 10:
        return (date.fromisoformat(text) + shift).isoformat()
    return (datetime.fromisoformat(text) + shift).isoformat(timespec="seconds")


def _truncate(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    for number in _sound(sheet)[-len(chosen) :]:
        rows[number] = Row()


def _duplicate(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    for number in reversed(chosen):
        rows.insert(number, rows[number].copied())


def _swap(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    assert sheet.targets.pair is not None
    one, other = (sheet.place(column) for column in sheet.targets.pair)
    for number in chosen:
        rows[number][one], rows[number][other] = rows[number][other], rows[number][one]


def _stale(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    place = sheet.place(sheet.targets.time)
    for row in rows:
        row[place] = _moved(row[place], -3)


def _drop(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    place = sheet.place(sheet.targets.category)
    dropped = rows[chosen[0]][place]
    for number, row in enumerate(rows):
        if row[place] == dropped:
            rows[number] = Row()


def _garble(text: str) -> str:
    """What UTF-8 becomes when it is read as Windows-1252; ASCII keeps a mark of what could not be read."""
    if text.isascii():
        return f"{text[: len(text) // 2]}�{text[len(text) // 2 :]}"
    return text.encode().decode("cp1252", errors="replace")


def _break(text: str) -> str:
    return f"99{text[2:]}" if text.isdigit() else f"{text[:1]}?{text[2:]}#"


def _mixed(sheet: Sheet, rows: list[Row], chosen: list[int], chance: random.Random) -> None:
    place = sheet.place(sheet.targets.unit)
    for number in chosen:
        rows[number][place] = f"{float(rows[number][place]) * sheet.targets.factor:.1f}"


_DAMAGE: Mapping[Way, Callable[[Sheet, list[Row], list[int], random.Random], None]] = {
    Way.REPEAT_KEYS: _repeat_keys,
    Way.BLANK_VALUES: _set(lambda targets: targets.blank, lambda _: ""),
    Way.SHIFT_DATES: _set(lambda targets: targets.time, lambda text: _moved(text, 60)),
    Way.BREAK_CODES: _set(lambda targets: targets.code, _break),
    Way.TRUNCATE: _truncate,
    Way.DUPLICATE_ROWS: _duplicate,
    Way.SWAP_COLUMNS: _swap,
    Way.ADD_OUTLIERS: _set(lambda targets: targets.quantity, lambda text: str(1_000_000 + int(float(text)))),
    Way.STALE_TIMES: _stale,
    Way.MIXED_UNITS: _mixed,
    Way.MOJIBAKE: _set(lambda targets: targets.text, _garble),
    Way.DROP_CATEGORY: _drop,
}
