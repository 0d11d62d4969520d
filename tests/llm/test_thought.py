"""A model's thought before its reply is told apart, however the pieces are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.llm.thought import FENCES, ThoughtFilter, without_thought


def test_plain_replies_pass_at_once():
    strip = ThoughtFilter()
    assert strip.feed('{"t"') == '{"t"'
    assert strip.feed(": 1}") == ": 1}"
    assert strip.flush() == ""


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("<unused94>thought\nchest pain<unused95>URGENT", "URGENT"),
        ("\n<think>\nhm</think>\n\n{}", "{}"),
        ("<unused94>thought that never ends", ""),
        ("a reply that names <think> later", "a reply that names <think> later"),
        ("<thin", "<thin"),
        ("", ""),
    ],
)
def test_whole_replies(text, reply):
    assert without_thought(text) == reply


@given(st.sampled_from(sorted(FENCES)), st.text(max_size=30), st.text(max_size=30), st.data())
def test_pieces_do_not_matter(opening, thought, reply, data):
    text = f"{opening}{thought}{FENCES[opening]}{reply}"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    strip = ThoughtFilter()
    found = "".join(map(strip.feed, pieces)) + strip.flush()
    assert found.strip() == without_thought(text).strip()


@given(st.text(max_size=60).filter(lambda text: not text.lstrip().startswith(tuple(FENCES))))
def test_text_without_a_thought_is_untouched(text):
    strip = ThoughtFilter()
    assert "".join(map(strip.feed, text)) + strip.flush() == text
