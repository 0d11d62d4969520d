"""The listener that ships: an encoder, an event head over it, and a probe if one is configured."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vaidya.acoustic.base import Encoder, load_encoder
from vaidya.acoustic.breathing import BreathingRate, breathing_rate
from vaidya.acoustic.card import Card
from vaidya.acoustic.events import count_coughs, events_of
from vaidya.acoustic.head import LinearHead, events_name, find_card, load_head
from vaidya.acoustic.level import is_heard, levels
from vaidya.acoustic.weight import Weight, weight_of
from vaidya.audio.window import cut, window_starts
from vaidya.config import AcousticConfig
from vaidya.errors import ListeningError, VaidyaError
from vaidya.schema import Findings, FindingsState, ProbeSignal, Recording, SoundEvent, SoundLabel, SoundWindow
from vaidya.units import CLIP_SAMPLES, SAMPLE_RATE_HZ, samples_of

MINIMUM_S = 0.3  # shorter than a cough
BATCH = 32  # clips in memory at a time: 4 MB, whatever the recording's length
SILENCE = "nothing was heard above the silence level"


@dataclass(frozen=True, slots=True)
class Heard:
    """The windows of a recording that hold sound.

    starts_s: shape (n,). vectors: the encoder's, shape (n, dimension). level_dbfs: of the whole recording, every 10 ms.
    """

    starts_s: np.ndarray
    vectors: np.ndarray
    level_dbfs: np.ndarray


@dataclass(frozen=True, slots=True)
class Probe:
    """A head that claims a clinical signal, and what its card is worth."""

    head: LinearHead
    card: Card
    weight: Weight


def listen_to(recording: Recording, encoder: Encoder, config: AcousticConfig) -> Heard:
    """Cut, gate and embed. A window's vector does not depend on the other windows.

    Raises:
        ListeningError: the engine failed.
    """
    level = levels(recording.samples)
    starts = [
        start
        for start in window_starts(len(recording.samples), config.hop_s)
        if is_heard(level, start / SAMPLE_RATE_HZ, config.silence_dbfs)
    ]
    try:
        blocks = [encoder.embed(clips) for clips in _batches(recording.samples, starts)]
    except VaidyaError:
        raise
    except Exception as error:
        raise ListeningError(f"the encoder {encoder.name!r} failed with {type(error).__name__}") from error
    vectors = np.concatenate(blocks) if blocks else np.empty((0, encoder.dimension), np.float32)
    return Heard(np.array(starts) / SAMPLE_RATE_HZ, vectors, level)


def _batches(samples: np.ndarray, starts: list[int]) -> Iterator[np.ndarray]:
    for first in range(0, len(starts), BATCH):
        yield np.stack([cut(samples, start).samples for start in starts[first : first + BATCH]])


class SoundListener:
    """Recording -> Findings over any encoder.

    A second encoder may name the sounds (`acoustic.events`). Without an event head it embeds and measures, and says
    that it names no sounds.
    """

    def __init__(self, config: AcousticConfig) -> None:
        self._config = config
        self.encoder = load_encoder(config)
        self._namer = self.encoder if config.events is None else load_encoder(events_config(config))
        both = self._namer is not self.encoder
        self.name = f"{self.encoder.name}+{self._namer.name}" if both else self.encoder.name
        self.weights = (*self.encoder.weights, *(self._namer.weights if both else ()))
        self._head = self._load_events()
        self._probe = self._load_probe()

    def listen(self, recording: Recording) -> Findings:
        """Events, rates, silence, and a signal with the weight that its probe has earned.

        Raises:
            ListeningError: the encoder failed.
        """
        if len(recording.samples) < samples_of(MINIMUM_S):
            return self._nothing(recording, FindingsState.TOO_SHORT, f"shorter than {MINIMUM_S} s")
        heard = listen_to(recording, self.encoder, self._config)
        if not len(heard.starts_s):
            return self._nothing(recording, FindingsState.SILENT, SILENCE)
        labels = self._head.labels if self._head else ()
        found = self._probabilities(recording, heard)
        findings = findings_of(recording, heard, labels, found, self._config, encoder=self.name)
        return self._with_signal(findings, heard)

    def _probabilities(self, recording: Recording, heard: Heard) -> np.ndarray:
        """Of each label in each heard window: the windows are the same, whichever encoder names them."""
        if self._head is None:
            return np.empty((len(heard.starts_s), 0))
        if self._namer is self.encoder:
            return self._head.probabilities(heard.vectors)
        return self._head.probabilities(listen_to(recording, self._namer, self._config).vectors)

    def _load_events(self) -> LinearHead | None:
        name = self._config.head or events_name(self._namer.name)
        if self._config.head is None and find_card(name) is None:
            return None
        return load_head(name, self._namer.name, self._namer.dimension)[0]

    def _load_probe(self) -> Probe | None:
        if self._config.probe is None:
            return None
        head, card = load_head(self._config.probe, self.encoder.name, self.encoder.dimension)
        return Probe(head, card, weight_of(card))

    def _nothing(self, recording: Recording, state: FindingsState, why: str) -> Findings:
        return Findings(
            state=state,
            encoder=self.name,
            breathing_rate_reason=why,
            silence_share=recording.info.silence_share,
            weight_reason=why,
        )

    def _with_signal(self, findings: Findings, heard: Heard) -> Findings:
        if self._probe is None:
            return findings.model_copy(update={"weight_reason": weight_of(None).reason})
        chosen = _windows_for(self._probe.card, findings)
        if not chosen:
            reason = f"no {self._probe.card.applies_to} was heard, on which the probe rests"
            return findings.model_copy(update={"weight_reason": reason})
        # The mean, so that a longer recording does not score higher for its length.
        probability = float(self._probe.head.probabilities(heard.vectors[chosen])[:, 0].mean())
        signal = ProbeSignal(
            probe=self._probe.card.name,
            target=str(self._probe.card.target),
            probability=probability,
            threshold=self._probe.card.threshold,
            card_sha256=self._probe.card.digest,
        )
        weight = self._probe.weight
        return findings.model_copy(update={"signal": signal, "weight": weight.value, "weight_reason": weight.reason})


def events_config(config: AcousticConfig) -> AcousticConfig:
    """The settings of the encoder that names the sounds; it runs on the processor, whatever the first one uses."""
    changes = {"backend": config.events, "weights": config.events_weights, "device": "cpu", "events": None}
    return config.model_copy(update=changes)


def _windows_for(card: Card, findings: Findings) -> list[int]:
    """Indices of the windows that a probe judges: all, or those of an event that it needs."""
    if card.applies_to is None:
        return list(range(len(findings.windows)))
    spans = [(e.start_s, e.end_s) for e in findings.events if e.label.value == card.applies_to]
    clip_s = CLIP_SAMPLES / SAMPLE_RATE_HZ
    return [
        index
        for index, window in enumerate(findings.windows)
        if any(window.start_s < end and start < window.start_s + clip_s for start, end in spans)
    ]


def findings_of(
    recording: Recording,
    heard: Heard,
    labels: tuple[str, ...],
    probabilities: np.ndarray,
    config: AcousticConfig,
    *,
    encoder: str,
) -> Findings:
    """Findings from the probabilities of each heard window, shape (n, labels); no label means that nothing is named."""
    windows = tuple(
        SoundWindow(
            start_s=float(start),
            probabilities={label: float(value) for label, value in zip(labels, row, strict=True)},
        )
        for start, row in zip(heard.starts_s, np.round(probabilities, 4), strict=True)
    )
    duration_s = len(recording.samples) / SAMPLE_RATE_HZ
    events = events_of(windows, heard.level_dbfs, duration_s, config.event_threshold)
    coughs = count_coughs(events, heard.level_dbfs) if labels else None
    rate = _breathing(recording, events) if labels else BreathingRate(None, f"{encoder!r} has no event head")
    return Findings(
        state=FindingsState.LISTENED,
        encoder=encoder,
        windows=windows,
        events=events,
        cough_count=coughs,
        cough_rate_per_min=None if coughs is None else round(60 * coughs / duration_s, 2),
        breathing_rate_per_min=rate.per_min,
        breathing_rate_reason=rate.reason,
        silence_share=recording.info.silence_share,
        embedding_sha256=hashlib.sha256(heard.vectors.tobytes()).hexdigest(),
        weight_reason=weight_of(None).reason,
    )


def _breathing(recording: Recording, events: tuple[SoundEvent, ...]) -> BreathingRate:
    breaths = [event for event in events if event.label is SoundLabel.BREATH]
    if not breaths:
        return BreathingRate(None, "no breathing is audible")
    longest = max(breaths, key=lambda event: event.end_s - event.start_s)
    return breathing_rate(recording.samples[samples_of(longest.start_s) : samples_of(longest.end_s)])
