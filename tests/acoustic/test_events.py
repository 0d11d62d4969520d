"""Windows joined into events, and coughs counted, on sounds whose truth is known."""

import pytest

from tests.acoustic.sounds import at, cough
from vaidya.acoustic.events import count_coughs, events_of
from vaidya.acoustic.level import is_heard, levels, trimmed
from vaidya.schema import SoundEvent, SoundLabel, SoundWindow


def window(start_s, **probabilities):
    return SoundWindow(start_s=start_s, probabilities=probabilities)


def test_touching_windows_become_one_event_and_a_gap_makes_two():
    level = levels(at([0.5, 1.5, 8.0], cough(), 12.0))
    found = events_of(
        [window(0.0, cough=0.9), window(1.0, cough=0.7), window(2.0, cough=0.1), window(7.0, cough=0.6)],
        level,
        duration_s=12.0,
        threshold=0.5,
    )
    assert [(event.label, event.probability) for event in found] == [(SoundLabel.COUGH, 0.9), (SoundLabel.COUGH, 0.6)]
    assert found[0].start_s == pytest.approx(0.5, abs=0.05)
    assert found[0].end_s < 2.0
    assert found[1].start_s == pytest.approx(8.0, abs=0.05)


def test_events_of_different_labels_may_overlap_and_none_passes_the_end():
    level = levels(at([0.2], cough(), 1.5))
    found = events_of([window(0.0, cough=0.9, speech=0.8)], level, duration_s=1.5, threshold=0.5)
    assert {event.label for event in found} == {SoundLabel.COUGH, SoundLabel.SPEECH}
    assert all(event.end_s <= 1.5 for event in found)
    assert [event.id for event in found] == [0, 1]


def test_nothing_above_the_threshold_is_no_event():
    assert events_of([window(0.0, cough=0.4)], levels(at([], cough(), 2.0)), 2.0, 0.5) == ()


@pytest.mark.parametrize("times_s", [[1.0], [1.0, 1.6], [0.5, 1.0, 1.5, 2.0], [1.0, 3.0, 3.5]])
def test_coughs_are_counted_one_by_one(times_s):
    level = levels(at(times_s, cough(), 5.0))
    event = SoundEvent(id=0, label=SoundLabel.COUGH, start_s=0.0, end_s=5.0, probability=0.9)
    assert count_coughs([event], level) == len(times_s)


def test_a_count_does_not_depend_on_loudness():
    event = SoundEvent(id=0, label=SoundLabel.COUGH, start_s=0.0, end_s=5.0, probability=0.9)
    for gain in (1.0, 0.1):
        level = levels(at([1.0, 2.0, 3.0], gain * cough(), 5.0, noise=1e-5))
        assert count_coughs([event], level) == 3


def test_only_coughs_are_counted():
    event = SoundEvent(id=0, label=SoundLabel.SPEECH, start_s=0.0, end_s=5.0, probability=0.9)
    assert count_coughs([event], levels(at([1.0], cough(), 5.0))) == 0


def test_the_silence_gate_opens_on_thirty_milliseconds_of_sound():
    level = levels(at([2.5], cough(), 6.0, noise=0.0))
    assert [is_heard(level, start_s, -60.0) for start_s in (0.0, 1.0, 2.0, 4.0)] == [False, True, True, False]


def test_levels_of_long_sound_equal_those_of_its_parts():
    sound = at([1.0, 700.0], cough(), 1300.0)
    whole = levels(sound)
    assert len(whole) == 130_000
    assert whole[65_000:].tolist() == levels(sound[650 * 16_000 :]).tolist()


def test_trimming_keeps_what_is_loud():
    start_s, end_s = trimmed(levels(at([3.0], cough(), 6.0)), 2.0, 5.0)
    assert start_s == pytest.approx(3.0, abs=0.02)
    # The burst falls by e^5 in 0.3 s, so by 25 dB in 0.173 s.
    assert end_s == pytest.approx(3.173, abs=0.03)
