"""What a reader who may not see a column's values gets to see of a report."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from infra.db import new_id
from quality.checks import Check, CheckResult, CheckType, Dimension, Example
from quality.reports.schemas import WITHHELD, ReportRead
from quality.runs.judging import result_to_json
from quality.runs.states import ReportStatus
from quality.runs.tables import QualityReport


def kept(kind: CheckType, columns: tuple[str, ...], **arguments: Any) -> dict[str, Any]:
    check = Check(kind, columns, Dimension.CONFORMITY, arguments)
    return result_to_json(CheckResult(check, 60, 58, examples=(Example(7, "Zhang"), Example(9, "70123"))))


def report(*checks: dict[str, Any]) -> QualityReport:
    return QualityReport(
        id=new_id(),
        run_id=new_id(),
        revision_id=new_id(),
        status=ReportStatus.PASSED,
        score=Decimal("0.9"),
        grade="A",
        dimensions=[],
        checks=list(checks),
        engine="made for a test",
        rules=[],
        digest="0" * 64,
        measured_at=datetime.now(UTC),
    )


def test_values_of_withheld_columns_stay_out_and_counts_stay_in() -> None:
    made = report(
        kept(CheckType.IN_SET, ("name",), values=["Li", "Zhang"]),
        kept(CheckType.UNIQUE_TOGETHER, ("station", "income")),
        kept(CheckType.MATCHES, ("station",), pattern="^S[0-9]$"),
    )
    read = ReportRead.of(made, {"name", "income"}).model_dump(mode="json")["checks"]
    assert read[0]["arguments"] == {"values": [WITHHELD]}
    assert [example["value"] for check in read[:2] for example in check["examples"]] == [WITHHELD] * 4
    assert [(check["evaluated"], check["satisfied"]) for check in read] == [(60, 58)] * 3
    assert [example["row"] for example in read[1]["examples"]] == [7, 9]
    assert read[2]["examples"][0]["value"] == "Zhang"
    assert made.checks[0]["arguments"] == {"values": ["Li", "Zhang"]}


def test_all_is_shown_to_who_may_see_all() -> None:
    made = report(kept(CheckType.IN_SET, ("name",), values=["Li"]))
    assert ReportRead.of(made).checks[0].arguments == {"values": ["Li"]}
