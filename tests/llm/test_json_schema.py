"""Schemas as the engines take them."""

from typing import Literal

import pytest
from pydantic import BaseModel

from vaidya.errors import ConfigError
from vaidya.llm.json_schema import compact, grammar, inlined


class Drug(BaseModel):
    """A drug."""

    title: str
    dose: Literal["low", "high"] = "low"


class Note(BaseModel):
    """A note."""

    second: list[Drug]
    first: Drug


def test_references_are_replaced_and_prose_is_dropped():
    found = inlined(Note.model_json_schema())
    drug = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "dose": {"enum": ["low", "high"], "type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    assert found["properties"] == {"second": {"type": "array", "items": drug}, "first": drug}
    assert list(found["properties"]) == ["second", "first"]
    assert "$defs" not in found


def test_engines_accept_what_comes_out():
    llguidance = pytest.importorskip("llguidance", reason="pip install 'vaidya[transformers]'")
    assert llguidance.LLMatcher.validate_grammar(grammar(Note.model_json_schema())) == ""
    assert compact(Note.model_json_schema())["x-guidance"] == {"whitespace_flexible": False}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
    ],
    ids=["nowhere", "itself"],
)
def test_references_that_cannot_be_replaced(schema):
    with pytest.raises(ConfigError, match="refers to"):
        inlined(schema)
