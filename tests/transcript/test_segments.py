"""Words become sentences and turns; no word is lost, none changes its time."""

from hypothesis import given
from hypothesis import strategies as st

from vaidya.schema import Word
from vaidya.transcript.segments import ends_sentence, plain_text, sentences


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
