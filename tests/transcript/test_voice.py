"""Spans of voice from frame probabilities: covering, in order, bounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.transcript.voice import FRAME_S, PAD_S, Span, chunks_of, longest_voice_s, spans_of

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=400)


def frames(*runs):
    """(seconds, probability) runs as frames."""
    return np.concatenate([np.full(round(seconds / FRAME_S), value) for seconds, value in runs])


@given(PROBABILITIES, st.floats(0.2, 0.9))
def test_spans_are_ordered_disjoint_and_hold_every_voiced_frame(values, threshold):
    probabilities = np.array(values)
    duration = len(values) * FRAME_S
    spans = spans_of(probabilities, threshold, duration)
    edges = [edge for span in spans for edge in (span.start_s, span.end_s)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= duration for edge in edges)
    for index in np.flatnonzero(probabilities >= threshold):
        middle = (index + 0.5) * FRAME_S
        assert any(span.start_s - 1e-3 <= middle <= span.end_s + 1e-3 for span in spans)


def test_no_voice_no_span():
    assert spans_of(np.full(100, 0.3), 0.5, 3.2) == []


def test_a_pause_within_a_sentence_does_not_part_it():
    spans = spans_of(frames((1, 0.1), (1, 0.9), (0.3, 0.1), (1, 0.9), (2, 0.1), (1, 0.9), (1, 0.0)), 0.5, 7.3)
    assert len(spans) == 2
    assert spans[0].end_s - spans[0].start_s == pytest.approx(2.3 + 2 * PAD_S, abs=0.1)


def test_a_stretch_goes_on_across_a_stop_but_not_across_a_pause():
    values = frames((0.5, 0.9), (0.06, 0.2), (0.5, 0.9), (0.4, 0.2), (0.3, 0.9))
    assert longest_voice_s(values, 0.5) == pytest.approx(1.06, abs=0.1)
    assert longest_voice_s(np.zeros(50), 0.5) == 0.0


@given(
    lengths=st.lists(st.tuples(st.floats(0.1, 5), st.floats(0.2, 100)), min_size=1, max_size=8),
    longest=st.floats(5, 30),
)
def test_chunks_fit_the_window_and_lose_nothing(lengths, longest):
    spans, at = [], 0.0
    for gap, length in lengths:
        spans.append(Span(at + gap, at + gap + length, length))
        at += gap + length
    chunks = chunks_of(spans, longest)
    assert all(chunk.end_s - chunk.start_s <= longest + 1e-6 for chunk in chunks)
    for span in spans:
        covered = sum(max(0.0, min(span.end_s, c.end_s) - max(span.start_s, c.start_s)) for c in chunks)
        assert covered == pytest.approx(span.end_s - span.start_s, abs=1e-6)
