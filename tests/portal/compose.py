"""docker-compose.yml as an engine would read it: variables filled in, fragments merged."""

import re
from typing import Any

import yaml

from portal.settings import BASE_DIR

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<text>[^}]*))?\}")


def compose_file(variables: dict[str, str]) -> dict[str, Any]:
    """The file with its variables filled in. Raises ValueError for one that must be set and is not."""
    return _filled(yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text()), variables)


def _filled(node: Any, variables: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, variables) for value in node]
    return _VARIABLE.sub(lambda match: _value(match, variables), node) if isinstance(node, str) else node


def _value(match: re.Match[str], variables: dict[str, str]) -> str:
    if match.group() == "$$":
        return "$"
    if value := variables.get(match["name"], ""):
        return value
    if match["how"] == "?":
        raise ValueError(match["text"])
    return match["text"] or ""
