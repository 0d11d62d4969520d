"""A JSON schema as llama.cpp, llguidance and vLLM all take it: no reference, no free key, no free white space."""

import json
from collections.abc import Mapping
from typing import Any

from vaidya.errors import ConfigError
from vaidya.llm.base import JsonSchema

_DROPPED = ("title", "description", "default", "examples", "$defs", "definitions")


def inlined(schema: JsonSchema) -> dict[str, Any]:
    """The schema with each `$ref` replaced by what it points to, and without what does not constrain.

    Objects are closed: keys that the schema does not name are refused. Keys are written in the order of `properties`.

    Raises:
        ConfigError: a reference points outside the schema or to itself.
    """
    found = _inline(schema, schema, ())
    assert isinstance(found, dict)
    return found


def _inline(node: Any, root: JsonSchema, within: tuple[str, ...]) -> Any:
    if isinstance(node, list | tuple):
        return [_inline(value, root, within) for value in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        reference = str(node["$ref"])
        if reference in within:
            raise ConfigError(f"the JSON schema refers to itself at {reference}; a reply's schema must end somewhere")
        return _inline(_target(reference, root), root, (*within, reference))
    return _closed(node, root, within)


def _closed(node: Mapping[str, Any], root: JsonSchema, within: tuple[str, ...]) -> dict[str, Any]:
    plain = {key: value for key, value in node.items() if key not in _DROPPED}
    # Below `properties` keys are names, and a property may well be called "title".
    properties = {key: _inline(value, root, within) for key, value in plain.pop("properties", {}).items()}
    found = {key: _inline(value, root, within) for key, value in plain.items()}
    if properties:
        found["properties"] = properties
        found.setdefault("additionalProperties", False)
    return found


def _target(reference: str, root: JsonSchema) -> Any:
    node: Any = root
    for step in reference.removeprefix("#/").split("/"):
        if not isinstance(node, Mapping) or step not in node:
            raise ConfigError(f"the JSON schema refers to {reference}, which it does not hold")
        node = node[step]
    return node


def compact(schema: JsonSchema) -> dict[str, Any]:
    """The schema, inlined, for llguidance, which then allows no white space between the parts of a reply.

    White space costs tokens, and a small model can fill its whole budget with it.
    """
    return {**inlined(schema), "x-guidance": {"whitespace_flexible": False}}


def grammar(schema: JsonSchema) -> str:
    """The schema as an llguidance grammar (its Lark dialect), which llama.cpp takes as `grammar`."""
    return f"%llguidance {{}}\nstart: %json {json.dumps(compact(schema), ensure_ascii=False)}"
