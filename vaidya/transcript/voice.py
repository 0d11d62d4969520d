"""Where somebody speaks: spans of voice from Silero's frame probabilities (the copy inside faster-whisper).

A cough, a sneeze or a bark is taken for voice for a moment; speech goes on. So a span carries its longest unbroken
stretch of voice, and what is shorter than a few syllables has to be understood well to count (gates.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vaidya.units import SAMPLE_RATE_HZ

FRAME_SAMPLES = 512  # Silero VAD at 16 kHz
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
OFF_MARGIN = 0.15  # a span ends below threshold - margin, as in Silero's own reference code
BRIDGE_S = 0.1  # a stop consonant; a stretch of voice goes on across it
JOIN_S = 0.5  # pauses within a sentence are shorter
PAD_S = 0.4  # word onsets are softer than the threshold


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the recording with voice in it, seconds. longest_voice_s: its longest unbroken stretch of voice."""

    start_s: float
    end_s: float
    longest_voice_s: float


def voice_probabilities(samples: np.ndarray) -> np.ndarray:
    """Probability of voice in each frame of FRAME_S, shape (ceil(n / FRAME_SAMPLES),); the last frame is padded."""
    from faster_whisper.vad import get_vad_model

    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    return np.ravel(get_vad_model()(padded))


def spans_of(probabilities: np.ndarray, threshold: float, duration_s: float) -> list[Span]:
    """Spans of voice with PAD_S around them, none overlapping, none beyond the recording's end.

    >>> [(s.start_s, s.end_s) for s in spans_of(np.array([0.1] * 40 + [0.9] * 50 + [0.1] * 60), 0.5, 4.8)]
    [(0.88, 3.28)]
    """
    found = _joined(_stretches(probabilities, threshold), JOIN_S)
    spans: list[Span] = []
    for first, last in found:
        start = max(0.0, round(first * FRAME_S - PAD_S, 3), spans[-1].end_s if spans else 0.0)
        end = min(duration_s, round((last + 1) * FRAME_S + PAD_S, 3))
        spans.append(Span(start, end, longest_voice_s(probabilities[first : last + 1], threshold)))
    return spans


def longest_voice_s(probabilities: np.ndarray, threshold: float) -> float:
    """Longest stretch of frames at or above the threshold, seconds, gaps of BRIDGE_S bridged."""
    voiced = np.flatnonzero(np.asarray(probabilities) >= threshold)
    runs = _joined([(int(index), int(index)) for index in voiced], BRIDGE_S)
    return max(((last - first + 1) * FRAME_S for first, last in runs), default=0.0)


def chunks_of(spans: Sequence[Span], longest_s: float) -> list[Span]:
    """Neighbouring spans joined, pauses included, as long as they fit into one window of the encoder."""
    chunks: list[Span] = []
    for piece in (piece for span in spans for piece in _cut(span, longest_s)):
        if chunks and piece.end_s - chunks[-1].start_s <= longest_s:
            before = chunks.pop()
            longest = max(before.longest_voice_s, piece.longest_voice_s)
            chunks.append(Span(before.start_s, piece.end_s, longest))
        else:
            chunks.append(piece)
    return chunks


def _cut(span: Span, longest_s: float) -> list[Span]:
    """A span that is longer than a window, in equal pieces."""
    length = span.end_s - span.start_s
    count = int(np.ceil(length / longest_s))
    edges = [span.start_s + length * index / count for index in range(count + 1)]
    return [Span(start, end, span.longest_voice_s) for start, end in pairwise(edges)]


def _stretches(probabilities: np.ndarray, threshold: float) -> list[tuple[int, int]]:
    """First and last frame of each stretch: from one at the threshold on, until one falls below the margin."""
    stretches: list[tuple[int, int]] = []
    start: int | None = None
    for index, value in enumerate(probabilities):
        if start is None and value >= threshold:
            start = index
        elif start is not None and value < threshold - OFF_MARGIN:
            stretches.append((start, index - 1))
            start = None
    if start is not None:
        stretches.append((start, len(probabilities) - 1))
    return stretches


def _joined(stretches: Sequence[tuple[int, int]], gap_s: float) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in stretches:
        if joined and (first - joined[-1][1] - 1) * FRAME_S <= gap_s:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
