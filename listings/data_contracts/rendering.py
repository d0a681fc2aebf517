"""A document as YAML that every reader takes alike, also readers of version 1.2. Pure."""

from typing import Any

import yaml

from listings.data_contracts.parsing import is_plain_text


class _Dumper(yaml.SafeDumper):
    """Writes every value out, since aliases are not taken, and quotes texts that could be read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain_text(text) else '"')


_Dumper.add_representer(str, _text)


def to_yaml(document: Any) -> str:
    """JSON values as YAML."""
    return str(yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))
