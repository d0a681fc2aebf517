"""Data contracts against the published schema of the standard, and against somebody else's reader and writer of it."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from listings.data_contracts.documents import ContractColumn, ContractFacts, read_contract, write_contract
from listings.data_contracts.parsing import parse_yaml
from listings.data_contracts.rendering import to_yaml
from listings.resources.domain import UpdateFrequency
from quality.checks import CheckType, Severity
from quality.classes import ProductClass
from tests.listings.data_contracts.test_documents import CHECKS, FACTS
from tests.support.odcs import require_standard, write_standard

KINDS = ("text", "integer", "decimal", "number", "boolean", "date", "timestamp")
COLUMNS = tuple(
    ContractColumn(f"列 {kind}: #1", kind, kind == "text", "列：“中文”", "", "个", "personal")
    for kind in KINDS
)
CONTRACTS = [
    replace(FACTS, columns=COLUMNS, withheld=("negative",), product_class=ProductClass.GENERAL),
    replace(FACTS, columns=(), themes=(), purposes=(), description_en="", description_zh=""),
    *(replace(FACTS, frequency=one) for one in UpdateFrequency),
]


@pytest.mark.parametrize("facts", CONTRACTS)
def test_a_written_contract_is_valid_and_is_the_same_suite_when_another_writer_has_rewritten_it(
    facts: ContractFacts,
) -> None:
    document = write_contract(facts, CHECKS)
    read = require_standard(to_yaml(document))
    assert require_standard(json.dumps(document)) == read
    found = read_contract(parse_yaml(read.to_yaml().encode()))
    wanted = {check.name: check.to_json() for check in CHECKS if check.name not in facts.withheld}
    assert {check.name: check.to_json() for check in found.checks} == wanted
    based_on = None if facts.withheld else facts.digest
    assert (found.product_class, found.based_on) == (facts.product_class, based_on)


def test_a_contract_of_another_writer_is_read() -> None:
    document: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "air",
        "version": "1.0.0",
        "status": "active",
        "team": {"name": "数据处", "members": [{"username": "li"}]},
        "servers": [
            {
                "server": "production",
                "type": "postgres",
                "host": "h",
                "port": 5432,
                "database": "d",
                "schema": "s",
            }
        ],
        "support": [{"channel": "mail", "url": "mailto:data@example.org"}],
        "schema": [
            {
                "name": "readings",
                "properties": [
                    {
                        "name": "站点",
                        "logicalType": "string",
                        "primaryKey": True,
                        "quality": [
                            {"metric": "nullValues", "mustBe": 0, "severity": "critical"},
                            {
                                "metric": "invalidValues",
                                "arguments": {"validValues": ["07", "08", "1e3", "no", "2026-01-01"]},
                                "mustBeLessThan": 5,
                                "unit": "percent",
                                "businessImpact": "operational",
                            },
                        ],
                    }
                ],
                "quality": [
                    {"metric": "rowCount", "mustBeBetween": [1, 9], "dimension": "coverage"},
                    {
                        "type": "sql",
                        "query": "SELECT COUNT(*) FROM (SELECT * FROM revision) AS failing_rows",
                        "mustBeLessOrEqualTo": 3,
                        "dimension": "accuracy",
                    },
                    {
                        "type": "custom",
                        "engine": "great-expectations",
                        "implementation": {
                            "type": "expect_column_value_lengths_to_be_between",
                            "columns": ["站点"],
                            "kwargs": {"minimum": 1},
                        },
                        "dimension": "conformity",
                    },
                ],
            }
        ],
        "slaProperties": [{"property": "latency", "value": 4, "unit": "d"}],
    }
    text = write_standard(document)
    require_standard(text)
    assert "- 08\n" in text, "a writer of YAML 1.1 leaves this code without quotes"
    checks = {check.type: check for check in read_contract(parse_yaml(text.encode())).checks}
    assert set(checks) == {
        CheckType.NOT_NULL,
        CheckType.IN_SET,
        CheckType.ROW_COUNT,
        CheckType.SQL,
        CheckType.EXPECTATION,
    }
    assert checks[CheckType.NOT_NULL].severity is Severity.BLOCKING
    assert checks[CheckType.IN_SET].arguments == {"values": ["07", "08", "1e3", "no", "2026-01-01"]}
    assert checks[CheckType.ROW_COUNT].arguments == {"minimum": "1", "maximum": "9"}
    assert checks[CheckType.SQL].tolerance.limit == "3"
    assert checks[CheckType.EXPECTATION].columns == ("站点",)


def test_a_contract_that_breaks_the_standard_is_found() -> None:
    document = write_contract(FACTS, CHECKS)
    document["schema"][0]["quality"][0]["dimension"] = "beauty"
    with pytest.raises(AssertionError, match="quality"):
        require_standard(yaml.safe_dump(document, allow_unicode=True))
