"""Whisper by CTranslate2: native words with times, their English, and whether to believe them.

Voice is found first; what holds none is never shown to Whisper, which would write something all the same. The native
pass gives words and times, a second pass translates each segment from its own sound.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from vaidya.config import TranscriptConfig
from vaidya.errors import LanguageError, TranscriptionError, VaidyaError
from vaidya.schema import Recording, Segment, Transcript, TranscriptState, WeightsUsed, Word
from vaidya.transcript.gates import Doubt, Evidence, Reason, believable, compression_ratio, doubts, state_of
from vaidya.transcript.segments import plain_text, sentences, with_unheard
from vaidya.transcript.speakers import with_speakers
from vaidya.transcript.voice import Span, chunks_of, spans_of, voice_probabilities
from vaidya.units import SAMPLE_RATE_HZ
from vaidya.weights import resolve

WINDOW_S = 29.0  # Whisper's window is 30 s; a little is left for padding
ENGLISH = "en"


class FasterWhisper:
    """faster-whisper in process; any model that CTranslate2 converted, by name or folder (`TranscriptConfig.weights`).

    Decoding is greedy or by beam at temperature 0, without earlier text as context, so the same sound gives the same
    words whatever came before it.
    """

    name = "faster-whisper"

    def __init__(self, config: TranscriptConfig) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        found = resolve(config.weights)
        self.config = config
        self.weights: tuple[WeightsUsed, ...] = (found.used,)
        self.model = WhisperModel(
            str(found.folder),
            device=config.device,
            compute_type=config.compute_type,
            cpu_threads=config.threads or usable_cores(),
            local_files_only=True,
        )
        self.engine = BatchedInferencePipeline(self.model)

    def transcribe(self, recording: Recording, language: str | None = None) -> Transcript:
        """What was said; see `vaidya.transcript.base.Transcriber`.

        Raises:
            LanguageError: the model does not know the language. TranscriptionError: the engine failed.
        """
        self._check(language)
        try:
            return self._transcribe(recording.samples, language)
        except VaidyaError:
            raise
        except Exception as error:  # whatever the engine raises; its text may quote what was said
            raise TranscriptionError(f"the transcriber failed with {type(error).__name__}") from error

    def _check(self, language: str | None) -> None:
        known = self.model.supported_languages
        if language is not None and language not in known:
            raise LanguageError(
                f"language {language!r} is not one that {self.config.weights} knows; give one of {' '.join(known)}, "
                "or none to have it detected"
            )

    def _transcribe(self, samples: np.ndarray, language: str | None) -> Transcript:
        spans = spans_of(voice_probabilities(samples), self.config.voice_threshold, len(samples) / SAMPLE_RATE_HZ)
        if not spans:
            return self._silent(Reason.NO_VOICE)
        heard, info = self._decode(samples, chunks_of(spans, WINDOW_S), language)
        probability = None if language else float(info.language_probability)
        said = [believable(_evidence(piece), span.longest_voice_s, probability, self.config) for span, piece in heard]
        kept = [found for found, believed in zip(heard, said, strict=True) if believed]
        unheard = [span for (span, _), believed in zip(heard, said, strict=True) if not believed]
        if not kept:
            return self._silent(Reason.TOO_LITTLE_VOICE)
        segments = self._segments(kept, info.language)
        state, reasons = state_of(segments, info.language, probability, self.config, self.weights[0])
        if state is TranscriptState.SPEECH:
            segments = self._with_english(samples, segments, info.language)
        return Transcript(
            state=state,
            reasons=reasons,
            language=info.language,
            language_probability=probability,
            segments=with_speakers(with_unheard(segments, unheard)),
            transcriber=f"{self.name}:{self.config.weights}",
        )

    def _silent(self, reason: Reason) -> Transcript:
        return Transcript(
            state=TranscriptState.NO_SPEECH, reasons=(reason.value,), transcriber=f"{self.name}:{self.config.weights}"
        )

    def _decode(
        self, samples: np.ndarray, spans: Sequence[Span], language: str | None, task: str = "transcribe"
    ) -> tuple[list[tuple[Span, Any]], Any]:
        """The engine's segment for each span, in order, and its info; a span without text has none."""
        found, info = self.engine.transcribe(
            samples,
            language=language,
            task=task,
            beam_size=self.config.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            initial_prompt=self.config.initial_prompt if task == "transcribe" else None,
            without_timestamps=True,
            word_timestamps=task == "transcribe",
            clip_timestamps=[{"start": span.start_s, "end": span.end_s} for span in spans],
            batch_size=self.config.batch_size,
        )
        return list(zip(spans, found, strict=True)), info

    def _segments(self, heard: Iterable[tuple[Span, Any]], language: str) -> tuple[Segment, ...]:
        """Sentences; a span of speech that gave no word is a segment without text, so that a person finds it."""
        pieces = [(span, words, piece) for span, piece in heard for words in sentences(tuple(_words(piece))) or [()]]
        return tuple(self._segment(number, *found, language) for number, found in enumerate(pieces))

    def _segment(self, number: int, span: Span, words: tuple[Word, ...], piece: Any, language: str) -> Segment:
        text = plain_text(words)
        # A loop is seen in the whole piece only: split into sentences, each of its rounds looks innocent.
        whole, own = doubts(_evidence(piece), None, self.config), doubts(_evidence(piece, text), language, self.config)
        flags = dict.fromkeys((*whole, *own))
        withheld = Doubt.UNINTELLIGIBLE in flags
        return Segment(
            id=number,
            start_s=words[0].start_s if words else span.start_s,
            end_s=words[-1].end_s if words else span.end_s,
            text="" if withheld else text,
            english=text if language == ENGLISH and not withheld else None,
            words=() if withheld else words,
            avg_logprob=float(piece.avg_logprob),
            no_speech_probability=float(piece.no_speech_prob),
            compression_ratio=compression_ratio(text),
            flags=tuple(flag.value for flag in flags),
        )

    def _with_english(self, samples: np.ndarray, segments: tuple[Segment, ...], language: str) -> tuple[Segment, ...]:
        """Each segment with the translation of its own sound; a doubtful translation is left out."""
        if language == ENGLISH or not self.config.translate:
            return segments
        spans = [Span(segment.start_s, segment.end_s, 0.0) for segment in segments]
        translated, _ = self._decode(samples, spans, language, task="translate")
        return tuple(
            segment.model_copy(update={"english": self._english(piece)})
            for segment, (_, piece) in zip(segments, translated, strict=True)
        )

    def _english(self, piece: Any) -> str | None:
        text = " ".join(piece.text.split())
        # Translations are less sure than transcripts; that somebody spoke is known from the native pass.
        gates = self.config.model_copy(
            update={"avg_logprob_min": self.config.translation_logprob_min, "no_speech_max": 1.0}
        )
        return None if not text or doubts(_evidence(piece, text), ENGLISH, gates) else text


def _evidence(piece: Any, text: str | None = None) -> Evidence:
    return Evidence(piece.text if text is None else text, float(piece.avg_logprob), float(piece.no_speech_prob))


def _words(piece: Any) -> Iterator[Word]:
    """The engine's words; its times may touch or cross by a frame, ours never run backwards."""
    end = 0.0
    for word in piece.words or ():
        start = max(end, round(float(word.start), 3))
        end = max(start, round(float(word.end), 3))
        yield Word(start_s=start, end_s=end, text=word.word, probability=min(1.0, max(0.0, float(word.probability))))


def usable_cores() -> int:
    """Cores that this process may use, at most eight: beyond that one recording does not get faster."""
    import os

    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, available)
