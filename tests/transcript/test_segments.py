"""Words become sentences and turns; no word is lost, none changes its time."""

from hypothesis import given
from hypothesis import strategies as st

from vaidya.schema import Segment, Word
from vaidya.transcript.gates import Doubt
from vaidya.transcript.segments import ends_sentence, plain_text, sentences, with_unheard
from vaidya.transcript.voice import Span


def spoken(*words):
    return tuple(Word(start_s=start, end_s=end, text=text, probability=0.9) for start, end, text in words)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 2), st.floats(0.05, 1), st.sampled_from([" I", " hurt.", " Dr.", " has", " से।", " 38.5"])
        ),
        max_size=40,
    )
)
def test_nothing_is_lost(pieces):
    at, words = 0.0, []
    for gap, length, text in pieces:
        words.append((at + gap, at + gap + length, text))
        at += gap + length
    whole = spoken(*words)
    assert tuple(word for group in sentences(whole) for word in group) == whole


def test_a_pause_parts_two_speakers():
    groups = sentences(spoken((0, 0.4, " Any"), (0.4, 0.8, " pain"), (2.0, 2.3, " no")))
    assert [plain_text(group) for group in groups] == ["Any pain", "no"]


def test_sentence_ends_of_several_scripts():
    assert all(ends_sentence(word) for word in ("है।", "疼。", "درد۔", 'pain."', "why?"))
    assert not any(ends_sentence(word) for word in ("Mrs.", "pain,", "J.", "38.5"))


def test_what_was_not_taken_for_speech_stays_in_sight_without_words():
    said = (
        Segment(id=0, start_s=1.0, end_s=2.0, text="It hurts."),
        Segment(id=1, start_s=40.0, end_s=41.0, text="Since Monday."),
    )
    shown = with_unheard(said, [Span(30.0, 33.0, 0.5)])
    assert [(s.id, s.start_s, s.text) for s in shown] == [
        (0, 1.0, "It hurts."),
        (1, 30.0, ""),
        (2, 40.0, "Since Monday."),
    ]
    assert shown[1].flags == (Doubt.NOT_BELIEVED,)
    assert with_unheard(said, []) == said
