"""Truth values and times as Chinese offices write them: kept as written, and read where the column is declared."""

from datetime import datetime
from pathlib import Path

import pytest

from listings.ingest.errors import TypeMismatch
from listings.ingest.expected import ExpectedColumn
from listings.ingest.result import Kind
from tests.support.ingested import take

TEXT = (
    "开放,有效,时刻\n"
    "是,有,2024年3月5日 下午3:05\n"
    "否,无,2024/3/5 上午 12:05:06\n"
    "是,,2024-3-5下午12:00\n"
    "TRUE,真,2024年3月5日15时06分\n"
)
DECLARED = (
    ExpectedColumn("开放", Kind.BOOLEAN),
    ExpectedColumn("有效", Kind.BOOLEAN),
    ExpectedColumn("时刻", Kind.TIMESTAMP),
)


def test_they_are_kept_as_they_are_written(tmp_path: Path) -> None:
    result, rows = take(tmp_path, TEXT)
    assert [column.kind for column in result.columns] == [Kind.TEXT] * 3
    assert rows[1] == ("否", "无", "2024/3/5 上午 12:05:06")
    told = {notice.column: notice.message for notice in result.notices}
    assert "declare the column as boolean" in told["开放"]
    assert "declare the column as timestamp" in told["时刻"]


def test_they_are_read_where_that_is_declared(tmp_path: Path) -> None:
    """The remedy of the notices above, followed."""
    _, rows = take(tmp_path, TEXT, DECLARED)
    assert [row[:2] for row in rows] == [(True, True), (False, False), (True, None), (True, True)]
    at = [
        datetime.fromisoformat(f"2024-03-05T{time}")
        for time in ("15:05:00", "00:05:06", "12:00:00", "15:06:00")
    ]
    assert [row[2] for row in rows] == at


@pytest.mark.parametrize(
    ("place", "value"), [(0, "不详"), (2, "2024/3/5 下午 13:05"), (2, "2024/3/5 晚上 3:05")]
)
def test_what_is_neither_is_named(tmp_path: Path, place: int, value: str) -> None:
    cells = ["是", "有", "2024-03-05 10:00"]
    cells[place] = value
    with pytest.raises(TypeMismatch) as refusal:
        take(tmp_path, TEXT + ",".join(cells) + "\n", DECLARED)
    assert (refusal.value.extensions["column"], refusal.value.extensions["row"]) == (DECLARED[place].name, 5)
    assert value in refusal.value.detail
