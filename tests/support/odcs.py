"""The Open Data Contract Standard as somebody else reads and writes it: its published JSON Schema, and its models."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import yaml
from open_data_contract_standard.model import OpenDataContractStandard


@lru_cache
def _schema() -> jsonschema_rs.Draft201909Validator:
    text = (files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft201909Validator(json.loads(text))


def require_standard(text: str) -> OpenDataContractStandard:
    """Hold a contract, as YAML or JSON, to the schema of the standard, and read it as its models."""
    document = yaml.safe_load(text)
    problems = [f"{error.instance_path}: {error.message}"[:500] for error in _schema().iter_errors(document)]
    assert not problems, "\n".join(problems)
    return OpenDataContractStandard(**document)


def write_standard(document: dict[str, Any]) -> str:
    """A contract as the standard's own models write it: YAML 1.1, members in their order, no null."""
    return OpenDataContractStandard(**document).to_yaml()
