"""Train an event head or a probe over an encoder and write it with its card.

The figures on a card are cross-validated by subject; the head in the file is fitted on all clips with the
regularisation and the calibration that inner folds chose.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vaidya.acoustic.base import Encoder
from vaidya.acoustic.card import BASELINES, Figure, Source
from vaidya.acoustic.fit import INNER_FOLDS, OUTER_FOLDS, Fitted, fit, with_fixed_label
from vaidya.acoustic.head import LinearHead, events_name, save_head
from vaidya.config import RunConfig
from vaidya.evaluation.acoustic import CLIP_LABELS, Judged, label_score, reliability
from vaidya.evaluation.acoustic_clips import Clips, LabelledClip, speech_clips
from vaidya.evaluation.acoustic_table import (
    COVID,
    EVENT_LABELS,
    Judgement,
    examples_of,
    speech_examples,
    target_examples,
)
from vaidya.evaluation.rows import ALL, BASELINE_PREFIX, Row
from vaidya.provenance import libraries, now, version

SEED = 0
CALIBRATION = "Platt, one line a label, on held-out logits of the inner folds, each clip counting once"
FOLDS = (
    f"{OUTER_FOLDS} outer folds by subject for the figures, {INNER_FOLDS} inner ones for regularisation and calibration"
)
INTENDED = "Mark where in a recording a sound is, count coughs, find breathing to measure its rate."
NOT_FOR = "Diagnosis, or telling how ill somebody is. It has no say in triage."
LIMITS = (
    "The coughs are induced, by phone; the breathing is body-contact sound from electronic stethoscopes, not breath in "
    "a room; the sneezes and most other sounds are from one collection of short clips. Label and way of recording go "
    "together, so part of what the head knows is how a source sounds.",
    "Every clip is also fitted on with room noise, as an excerpt in digital silence, and muffled, because without that "
    "a head learnt that digital silence means a sneeze. Speech clips of the multilingual set were fitted on as well.",
    "Windows bear their clip's label: a window of a cough clip may hold none.",
    "Calibration holds for the mix of labels of these clips.",
)


def train_events(clips: Clips, judgement: Judgement, rows: Sequence[Row], run: RunConfig, folder: Path) -> Path:
    """An event head over all clips; returns its card's path.

    judgement: this encoder on these clips, held out. rows: of the baselines and of the arm named after the encoder.
    """
    encoder = judgement.encoder
    examples = examples_of(clips.read, judgement.heard, encoder, run.acoustic)
    sounding = [example for example in examples if len(example.vectors)]
    speech, _ = speech_clips(run)
    more = speech_examples(speech, encoder, run.acoustic)
    fitted = fit([*sounding, *more], EVENT_LABELS, seed=SEED)
    head: LinearHead = fitted.head
    limits: tuple[str, ...] = LIMITS
    if encoder.name == "yamnet":
        head, note = _with_snoring(fitted, encoder)
        limits = (*LIMITS, note)
    facts = {
        **_facts(encoder, fitted, (*clips.read, *speech)),
        "name": events_name(encoder.name),
        "kind": "events",
        "intended_use": INTENDED,
        "not_for": NOT_FOR,
        "limits": limits,
        "held_out": _figures([row for row in rows if row.arm == encoder.name]),
        "baselines": _of_baselines(rows, "event_macro_f1", ALL),
        "reliability": _reliability(judgement.results),
    }
    return save_head(head, facts, folder)


def train_covid_probe(clips: Clips, judgement: Judgement, rows: Sequence[Row], folder: Path) -> Path:
    """The one clinical target of the clips, COVID-19 as reported with a cough; its card says what it is worth."""
    encoder = judgement.encoder
    cohort = f"target={COVID}"
    chosen, examples = target_examples(clips.read, judgement.heard)
    fitted = fit(examples, (COVID,), seed=SEED)
    ours = next(row for row in rows if row.arm == encoder.name and row.metric == "auroc" and row.cohort == cohort)
    facts = {
        **_facts(encoder, fitted, chosen),
        "name": f"{encoder.name}-{COVID}",
        "kind": "probe",
        "target": "COVID-19 reported",
        "applies_to": "cough",
        "intended_use": "Show that a probe is judged before it counts, and what a refusal looks like.",
        "not_for": "Any decision about a patient.",
        "limits": (
            "The labels are self-reported; few were verified. The coughs are induced and recorded by phone or "
            "messenger; one file a person assumed.",
        ),
        "held_out": {},
        "recorded_as_used": True,  # by the patient's own phone, as here
        "auroc": _figure(ours),
        "baselines": _of_baselines(rows, "auroc", cohort),
    }
    return save_head(fitted.head, facts, folder)


def _with_snoring(fitted: Fitted, encoder: Encoder) -> tuple[LinearHead, str]:
    from vaidya.acoustic.yamnet import EMBEDDING_SIZE, GROUPS

    index = EMBEDDING_SIZE + list(GROUPS).index("snoring")
    note = "No clip of snoring was at hand: its probability is AudioSet's own for that class, not calibrated here."
    assert encoder.dimension == EMBEDDING_SIZE + len(GROUPS), "the vector is the embedding and the groups"
    return with_fixed_label(fitted.head, "snore", index), note


def _facts(encoder: Encoder, fitted: Fitted, clips: Sequence[LabelledClip]) -> dict[str, Any]:
    return {
        "encoder": encoder.name,
        "encoder_sha256": tuple(used.sha256 for used in encoder.weights),
        "sources": _sources(clips),
        "split": "subject",
        "folds": FOLDS,
        "calibration": CALIBRATION,
        "regularisation": fitted.strength,
        # Stethoscopes and sound effects are not what the product hears.
        "recorded_as_used": False,
        "trained_at": now(),
        "trained_with": {"vaidya": version(), **libraries()},
        "seen": tuple(sorted(clip.recording.info.sha256 for clip in clips)),
    }


def _sources(clips: Sequence[LabelledClip]) -> tuple[Source, ...]:
    groups: dict[tuple[str, str], list[LabelledClip]] = defaultdict(list)
    for clip in clips:
        groups[str(clip.case.attributes.get("source")), clip.case.licence].append(clip)
    return tuple(
        Source(
            name=name,
            licence=licence,
            clips=len(found),
            subjects=len({clip.subject for clip in found}),
            recorded=", ".join(sorted({str(c.case.attributes.get("channel") or "not stated") for c in found})),
        )
        for (name, licence), found in sorted(groups.items())
    )


def _figures(rows: Sequence[Row]) -> dict[str, Figure]:
    return {
        row.metric if row.cohort == ALL else f"{row.metric} {row.cohort}": _figure(row)
        for row in rows
        if not row.cohort.startswith("target=")
    }


def _figure(row: Row) -> Figure:
    def short(value: float | None) -> float | None:
        return None if value is None else float(np.round(value, 4))

    return Figure(value=short(row.value), low=short(row.low), high=short(row.high), n=row.n_scored)


def _of_baselines(rows: Sequence[Row], metric: str, cohort: str) -> dict[str, Figure]:
    wanted = [row for row in rows if row.metric == metric and row.cohort == cohort]
    found = {
        row.arm.removeprefix(BASELINE_PREFIX): _figure(row) for row in wanted if row.arm.startswith(BASELINE_PREFIX)
    }
    return {name: found[name] for name in BASELINES}


def _reliability(results: Sequence[Judged]) -> dict[str, tuple[tuple[float, float, int], ...]]:
    named = [result for result in results if result.scores]
    return {
        label: tuple(
            (round(said, 4), round(seen, 4), n)
            for said, seen, n in reliability(
                [result.reference == label for result in named], [label_score(result, label) for result in named]
            )
        )
        for label in CLIP_LABELS
    }


def for_encoder(config: RunConfig, name: str) -> RunConfig:
    """The configuration with another encoder and that encoder's own weights."""
    weights = {"yamnet": "yamnet-w8a8", "hear": "hear-pytorch"}.get(name)
    changes = {"backend": name, "weights": weights, "head": None, "probe": None}
    return config.override({f"acoustic.{key}": value for key, value in changes.items()})
