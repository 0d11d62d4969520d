"""The table of encoders against baselines: every clip judged by a head that saw nobody of its subject.

A shipped head is taken as it is for clips that it was not trained on; on the others, and for an encoder without a
shipped head, a head is fitted anew for each fold of subjects. Baselines are fitted the same way on one number a clip.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np

from vaidya.acoustic.augment import variants
from vaidya.acoustic.base import Encoder, load_encoder
from vaidya.acoustic.card import Card
from vaidya.acoustic.fit import OUTER_FOLDS, Example, out_of_fold
from vaidya.acoustic.head import LinearHead, events_name, find_card, load_head
from vaidya.acoustic.listener import Heard, findings_of, listen_to
from vaidya.acoustic.spectral import zero_crossings
from vaidya.audio.read import recording_of
from vaidya.config import AcousticConfig, RunConfig
from vaidya.errors import TooFewSubjectsError
from vaidya.evaluation.acoustic import Judged, auroc, clip_label, judged, rows_of
from vaidya.evaluation.acoustic_clips import Clips, LabelledClip, read_clips, speech_clips
from vaidya.evaluation.interval import bootstrap
from vaidya.evaluation.rows import BASELINE_PREFIX, PIPELINE_ARM, Row, no_cases
from vaidya.evaluation.run import OnCase, generator
from vaidya.evaluation.selection import selections
from vaidya.evaluation.suite import Suite
from vaidya.schema import Case, Recording

EVENT_LABELS = ("breath", "cough", "sneeze", "speech", "other")
ENCODER_PREFIX = "encoder:"
COMPARED = {"spectral": None, "opensmile": "opensmile"}  # encoders without weights, and the library that each needs
COVID = "covid19"

# One number a clip, for the baselines: what a detector must beat to have heard anything but loudness.
MEASURES: dict[str, Callable[[Recording], float]] = {
    "duration": lambda recording: recording.info.duration_s,
    "rms": lambda recording: recording.info.rms_dbfs if recording.info.rms_dbfs is not None else -120.0,
    "zero_crossings": lambda recording: zero_crossings(recording.samples),
    "majority": lambda recording: 0.0 * recording.info.duration_s,
}


def listened_cases(suite: Suite, limit: int | None) -> list[Case]:
    """Cases of the suite's datasets that enter as `listen`."""
    return [case for chosen in selections(suite, limit) if chosen.dataset.entry == "listen" for case in chosen.cases]


@dataclass(frozen=True, slots=True)
class Listened:
    """One dataset, listened to. clips: what the profile's own encoder made of each."""

    dataset: str
    rows: tuple[Row, ...]
    clips: tuple[Judged, ...]


def listen_to_suite(
    suite: Suite, config: RunConfig, limit: int | None, on_case: OnCase | None = None
) -> tuple[Listened, ...]:
    """Those datasets, each by every arm; none without one. A dataset without cases has one row with the reason."""
    found = []
    for chosen in (chosen for chosen in selections(suite, limit) if chosen.dataset.entry == "listen"):
        spec = chosen.dataset
        if chosen.reason is not None:
            found.append(Listened(spec.name, (no_cases(spec.name, PIPELINE_ARM, chosen.reason),), ()))
            continue
        rng = generator(suite.seed, spec.name, "listen")
        found.append(listen(chosen.cases, config.override(spec.overrides), rng, on_case=on_case))
    return tuple(found)


def acoustic_rows(cases: Sequence[Case], config: RunConfig, rng: np.random.Generator) -> list[Row]:
    """The rows of `listen`, with its errors."""
    return list(listen(cases, config, rng).rows)


def listen(
    cases: Sequence[Case], config: RunConfig, rng: np.random.Generator, *, on_case: OnCase | None = None
) -> Listened:
    """The profile's encoder (arm `vaidya`), encoders without weights, and the baselines.

    Raises:
        DataError: a clip has no label or no recording.
        WeightsError, BackendMissingError: the profile's encoder cannot be loaded.
    """
    clips = read_clips(cases, config, on_case)
    dataset = cases[0].dataset if cases else "none"
    arms = {PIPELINE_ARM: config}
    for name, library in COMPARED.items():
        if name != config.acoustic.backend and (library is None or find_spec(library)):
            changed = {"backend": name, "weights": None, "head": None, "probe": None}
            arms[ENCODER_PREFIX + name] = config.override({f"acoustic.{key}": value for key, value in changed.items()})
    judgements = {arm: judge_encoder(clips, chosen) for arm, chosen in arms.items()}
    rows = [
        row
        for arm, judgement in judgements.items()
        for row in encoder_rows(clips, judgement, dataset=dataset, arm=arm, rng=rng)
    ]
    rows += baseline_rows(clips, dataset=dataset, rng=rng)
    return Listened(dataset, tuple(rows), judgements[PIPELINE_ARM].results)


def examples_of(
    clips: Sequence[LabelledClip], heard: Sequence[Heard], encoder: Encoder, config: AcousticConfig
) -> list[Example]:
    """Clips as a head is fitted on them, with variants of each as other machines would have recorded it."""
    return [
        Example(sound.vectors, clip.label, clip.subject, _variants(clip, encoder, config))
        for clip, sound in zip(clips, heard, strict=True)
    ]


def _variants(clip: LabelledClip, encoder: Encoder, config: AcousticConfig) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(int(clip.recording.info.sha256[:8], 16))
    sounds = variants(clip.recording.samples, rng)
    return tuple(listen_to(recording_of(sound), encoder, config).vectors for sound in sounds)


def speech_examples(clips: Sequence[LabelledClip], encoder: Encoder, config: AcousticConfig) -> list[Example]:
    """Those clips as a head is fitted on them."""
    found = [Example(listen_to(clip.recording, encoder, config).vectors, clip.label, clip.subject) for clip in clips]
    return [example for example in found if len(example.vectors)]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One encoder on clips: each clip's result by a head that saw nobody of its subject, and how that was done."""

    results: tuple[Judged, ...]
    how: str
    encoder: Encoder
    heard: tuple[Heard, ...]


def judge_encoder(clips: Clips, run: RunConfig, *, afresh: bool = False) -> Judgement:
    """Listen to every clip with the encoder that a configuration names, and judge it held out.

    afresh: leave a shipped head aside and fit heads on these clips alone.
    """
    encoder = load_encoder(run.acoustic)
    heard = tuple(listen_to(clip.recording, encoder, run.acoustic) for clip in clips.read)
    found, how = held_out_probabilities(
        clips.read, heard, encoder, run, None if afresh else _shipped(encoder, run.acoustic)
    )
    results = [
        _result(clip, sound, labels, values, run.acoustic, encoder.name)
        for clip, sound, (labels, values) in zip(clips.read, heard, found, strict=True)
    ]
    return Judgement((*results, *clips.failed), how, encoder, heard)


def encoder_rows(clips: Clips, judgement: Judgement, *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Every metric of one encoder."""
    rows = rows_of(judgement.results, dataset=dataset, arm=arm, rng=rng, reason=judgement.how)
    return rows + target_rows(clips.read, judgement.heard, dataset=dataset, arm=arm, rng=rng)


Found = tuple[tuple[str, ...], np.ndarray]


def held_out_probabilities(
    clips: Sequence[LabelledClip],
    heard: Sequence[Heard],
    encoder: Encoder,
    run: RunConfig,
    shipped: tuple[LinearHead, Card] | None,
) -> tuple[list[Found], str]:
    """Labels and probabilities of each clip's windows by a head that was not fitted on it, and a sentence on how."""
    seen = set() if shipped is None else set(shipped[1].seen)
    fresh = [shipped is not None and clip.recording.info.sha256 not in seen for clip in clips]
    # No label at all where no head could be fitted: such a clip is unscored, not wrong.
    found: list[Found] = [((), np.empty((len(sound.vectors), 0))) for sound in heard]
    known = [i for i, new in enumerate(fresh) if not new]
    how = _how(len(clips) - len(known), len(known), shipped is not None)
    if known:
        examples = examples_of([clips[i] for i in known], [heard[i] for i in known], encoder, run.acoustic)
        speech, unread = speech_clips(run)
        how += f"; {unread} recordings of further speech could not be read" if unread else ""
        try:
            values_of = _cross_validated(examples, more=speech_examples(speech, encoder, run.acoustic))
        except TooFewSubjectsError as error:
            values_of, how = [], f"{how}; {error}"
        for i, values in zip(known, values_of, strict=False):
            found[i] = (EVENT_LABELS, values)
    for i in (i for i, new in enumerate(fresh) if new):
        assert shipped is not None, "a clip is fresh only to a shipped head"
        found[i] = (shipped[0].labels, shipped[0].probabilities(heard[i].vectors))
    return found, how


def _cross_validated(
    examples: Sequence[Example], labels: tuple[str, ...] = EVENT_LABELS, more: Sequence[Example] = ()
) -> list[np.ndarray]:
    """Out-of-fold probabilities; a clip in which nothing was heard has none and trains nothing.

    more: clips that are fitted on with the others, no subject on both sides, and not judged.
    """
    sounding = [i for i, example in enumerate(examples) if len(example.vectors)]
    found = [np.empty((0, len(labels)))] * len(examples)
    values_of = out_of_fold([*(examples[i] for i in sounding), *more], labels, seed=0)
    for i, values in zip(sounding, values_of, strict=False):
        found[i] = values
    return found


def _shipped(encoder: Encoder, config: AcousticConfig) -> tuple[LinearHead, Card] | None:
    name = config.head or events_name(encoder.name)
    return load_head(name, encoder.name, encoder.dimension) if find_card(name) else None


def _how(fresh: int, known: int, shipped: bool) -> str:
    folds = f"{OUTER_FOLDS}-fold cross-validation by subject, nested"
    if not shipped:
        return f"{folds}: no shipped head was used"
    if not known:
        return "the shipped head, which was trained on none of these clips"
    if not fresh:
        return f"{folds}: the shipped head was trained on these clips"
    return f"the shipped head on {fresh} clips new to it; {folds}, on the {known} that it was trained on"


def _result(
    clip: LabelledClip, heard: Heard, labels: tuple[str, ...], values: np.ndarray, config: AcousticConfig, encoder: str
) -> Judged:
    findings = findings_of(clip.recording, heard, labels, values, config, encoder=encoder)
    result = judged(clip.case, findings)
    assert result is not None, "clips without a label were refused when they were read"
    if len(heard.starts_s):
        return result
    return replace(result, decided="other", scores={}, rate=None, reason=None)


def baseline_rows(clips: Clips, *, dataset: str, rng: np.random.Generator) -> list[Row]:
    """The same metrics from one number a clip, fitted and judged on the same folds.

    Breathing: the median rate of the other subjects, under `majority`.
    """
    rows: list[Row] = []
    for name, measure in MEASURES.items():
        values = [measure(clip.recording) for clip in clips.read]
        examples = [
            Example(np.array([[value]]), clip.label, clip.subject)
            for value, clip in zip(values, clips.read, strict=True)
        ]
        scores, how = _baseline_scores(examples)
        results = [
            _scored(clip, found, _other_rate(clip, clips.read, name))
            for clip, found in zip(clips.read, scores, strict=True)
        ]
        arm = BASELINE_PREFIX + name
        rows += rows_of(results, dataset=dataset, arm=arm, rng=rng, reason=how)
        rows += _target_row(clips.read, values, dataset, arm, rng)
    return rows


def _baseline_scores(examples: Sequence[Example]) -> tuple[list[dict[str, float]], str]:
    """Probabilities of each clip, and how they came about; empty ones where the clips cannot be split by subject."""
    try:
        found = _cross_validated(examples)
    except TooFewSubjectsError as error:
        return [{} for _ in examples], str(error)
    scores = [dict(zip(EVENT_LABELS, values[0].tolist(), strict=True)) for values in found]
    return scores, f"{OUTER_FOLDS}-fold, by subject"


def _scored(clip: LabelledClip, scores: dict[str, float], rate: float | None) -> Judged:
    result = judged(clip.case, None)
    assert result is not None, "clips without a label were refused when they were read"
    # Only `majority` guesses a rate; the other numbers claim nothing about breathing.
    reference_rate = None if rate is None else result.reference_rate
    reason = None if scores else TooFewSubjectsError.code
    return replace(
        result, decided=clip_label(scores), scores=scores, rate=rate, reference_rate=reference_rate, reason=reason
    )


def _other_rate(clip: LabelledClip, clips: Sequence[LabelledClip], measure: str) -> float | None:
    rates = [
        float(rate)
        for other in clips
        if other.subject != clip.subject
        and isinstance(rate := other.case.attributes.get("respiratory_rate_bpm"), int | float)
    ]
    return float(np.median(rates)) if rates and measure == "majority" else None


def target_rows(
    clips: Sequence[LabelledClip], heard: Sequence[Heard], *, dataset: str, arm: str, rng: np.random.Generator
) -> list[Row]:
    """AUROC of the one clinical label that these sets hold, COVID-19 as reported with a cough, cross-validated."""
    chosen, examples = target_examples(clips, heard)
    if not examples:
        return []
    try:
        scores = [float(found.mean()) for found in _cross_validated(examples, (COVID,))]
    except TooFewSubjectsError as error:
        return [_unscored_target(dataset, arm, len(chosen), str(error))]
    return _target_row(chosen, scores, dataset, arm, rng)


def _unscored_target(dataset: str, arm: str, clips: int, why: str) -> Row:
    return Row(
        dataset=dataset,
        arm=arm,
        metric="auroc",
        value=None,
        n_scored=0,
        n_unscored=clips,
        cohort=f"target={COVID}",
        reason=why,
    )


def target_examples(clips: Sequence[LabelledClip], heard: Sequence[Heard]) -> tuple[list[LabelledClip], list[Example]]:
    """The clips that bear the clinical label, either way; a clip without it is left out, not counted as well."""
    pairs = [(clip, sound) for clip, sound in zip(clips, heard, strict=True) if len(sound.vectors)]
    known = [(clip, sound, ill) for clip, sound in pairs if (ill := _covid(clip)) is not None]
    examples = [Example(sound.vectors, COVID if ill else "none", clip.subject) for clip, sound, ill in known]
    return [clip for clip, _, _ in known], examples


def _covid(clip: LabelledClip) -> bool | None:
    value = clip.case.attributes.get(COVID)
    return value if isinstance(value, bool) else None


def _target_row(
    clips: Sequence[LabelledClip], scores: Sequence[float], dataset: str, arm: str, rng: np.random.Generator
) -> list[Row]:
    people: dict[str, list[tuple[bool, float]]] = {}
    for clip, score in zip(clips, scores, strict=True):
        if (truth := _covid(clip)) is not None:
            people.setdefault(clip.subject, []).append((truth, score))
    value = _pooled_auroc(people.values())
    if value is None:
        return []
    # A baseline may count in either direction, whichever flatters it: the probe must beat it all the same.
    turned = arm.startswith(BASELINE_PREFIX) and value < 0.5
    low, high = bootstrap(
        list(people.values()), lambda drawn: _pooled_auroc(drawn, turned=turned), rng=rng, draws=1_000
    )
    return [
        Row(
            dataset=dataset,
            arm=arm,
            metric="auroc",
            value=1 - value if turned else value,
            low=low,
            high=high,
            n_scored=sum(map(len, people.values())),
            cohort=f"target={COVID}",
            reason="reported, not verified; induced coughs by phone",
        )
    ]


def _pooled_auroc(people: Iterable[Sequence[tuple[bool, float]]], *, turned: bool = False) -> float | None:
    pairs = [pair for person in people for pair in person]
    return auroc([truth for truth, _ in pairs], [-score if turned else score for _, score in pairs])
