"""Every number that an evaluation can give is explained by a card."""

import re

import numpy as np
import pytest

from tests.acoustic.sounds import breaths
from vaidya.audio.read import recording_of
from vaidya.backends import resolve
from vaidya.corpora import read_cases
from vaidya.evaluation import note, transcript, triage
from vaidya.evaluation.attribution import STAGES
from vaidya.evaluation.note_lexical import ROUGE
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.perturb import with_changes
from vaidya.evaluation.report.tables import meanings
from vaidya.evaluation.rows import Row
from vaidya.evaluation.suite import SCORERS
from vaidya.schema import Decision, Findings, FindingsState, SoundWindow, Tier
from vaidya.testing import make_note, make_record, make_transcript


def declared() -> set[str]:
    """The metrics that a module names in a table; some have no row until a rare case comes."""
    tables = (
        *(note.RATES, note.STATES, ROUGE, (note.BERTSCORE,), triage.RATES),
        *(transcript.POOLED, transcript.BY_CASE, transcript.POOLED_ON_SILENCE, transcript.BY_CASE_ON_SILENCE),
    )
    return {name for table in tables for name in table} | {f"facts_lost_in_{stage}" for stage in STAGES}


def outcomes() -> list[Outcome]:
    """Our own cases, changed and with every kind of reference, in records that hold something of everything."""
    found = []
    sound = recording_of(breaths(12, seconds=4.0, seed=1).astype(np.float32)).info
    timings = dict.fromkeys(("total", "transcript", "acoustic", "note", "preliminary", "model_tier"), 1.0)
    tokens = {"requests": 1.0, "tokens_out": 10.0, "decode_s": 1.0}
    window = SoundWindow(start_s=0.0, probabilities={"breath": 0.9, "cough": 0.1})
    heard = Findings(
        state=FindingsState.LISTENED, encoder="x", weight_reason="r", windows=(window,), breathing_rate_per_min=12.0
    )
    for case in with_changes(read_cases("cases")[:3], seed=7):
        attributes = {**case.attributes, "label": "breath", "respiratory_rate_bpm": 12.0}
        whole = case.model_copy(update={"attributes": attributes, "note": case.note or "Chest pain."})
        record = make_record(
            decision=Decision(tier=Tier.URGENT, needs_human=True, floors={"model": Tier.URGENT}),
            transcript=make_transcript([turn.english or turn.text for turn in case.turns] or ["pain"]),
            note=make_note(["Chest pain"]),
            findings=heard,
            recording=sound,
            timings=timings,
            tokens=tokens,
        )
        found.append(Outcome(whole, record, seconds=1.0))
    return found


def emitted() -> set[str]:
    """The metrics of every row that the scorers give."""
    rows = []
    for name in SCORERS:
        rows += resolve(SCORERS, name)(outcomes(), dataset="d", arm="vaidya", rng=np.random.default_rng(0))
    return {row.metric for row in rows}


@pytest.mark.weights
def test_every_metric_has_a_card():
    names = declared() | emitted()
    assert {"under_triage", "words", "total_s_p50", "event_macro_f1", "metamorphic_violations", "tier_lowered"} <= names
    explained = meanings([Row(dataset="d", arm="a", metric=name, value=None, n_scored=0) for name in names])
    assert {name for name in names if re.sub(r"_p\d\d$", "", name) not in explained} == set()
