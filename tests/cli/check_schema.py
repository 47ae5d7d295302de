"""The published schema of `--format json`, and a stricter one for tests."""

from __future__ import annotations

import copy
import importlib.resources
import json
from typing import Any

SCHEMA = json.loads(
    importlib.resources.files("tb_stability.cli").joinpath("check.schema.json").read_text("utf-8")
)


def closed(schema: Any) -> Any:
    """The schema without room for members that it does not name."""
    schema = copy.deepcopy(schema)

    def close(node: Any) -> None:
        if isinstance(node, dict):
            if "properties" in node:
                node.setdefault("additionalProperties", False)
            for child in node.values():
                close(child)
        elif isinstance(node, list):
            for child in node:
                close(child)

    close(schema)
    return schema
