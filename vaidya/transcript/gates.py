"""When words may be trusted: pure functions from a segment's numbers to reasons for doubt, and from those to a state.

Whisper always writes something. Its own thresholds (Radford et al. 2022, section 4.5: log-probability -1.0, compression
2.4, no-speech 0.6) are a start; measured on recordings without speech they let words through, so they are joined here
by how long a voice was detected, by repetition and by script. Thresholds: `vaidya.config.TranscriptConfig`; what they
were measured on: experiments/notes/transcript.md.
"""

import enum
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from vaidya.config import TranscriptConfig
from vaidya.schema import Segment, TranscriptState, WeightsUsed
from vaidya.transcript.competence import Competence, competence
from vaidya.transcript.scripts import own_share

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}']+")
_LOOPED_LETTERS = regex.compile(r"([\p{L}\p{M}]{1,12}?)\1+")
_LONGEST_LOOP_WORDS = 12
_LOOPED_LETTERS_FACTOR = 2  # "hahaha" and "ssss" are said; a loop within one word must be longer to count


class Doubt(enum.StrEnum):
    """Why a segment is doubted; kept in `Segment.flags`."""

    LOW_PROBABILITY = "LOW_PROBABILITY"
    COMPRESSIBLE = "COMPRESSIBLE"
    REPEATED = "REPEATED"
    NO_SPEECH_LIKELY = "NO_SPEECH_LIKELY"
    WRONG_SCRIPT = "WRONG_SCRIPT"
    UNINTELLIGIBLE = "UNINTELLIGIBLE"
    NOT_BELIEVED = "NOT_BELIEVED"  # a sound like a voice, beside speech, that was not taken for speech


class Reason(enum.StrEnum):
    """Why a transcript is not SPEECH, or is to be checked; kept in `Transcript.reasons`, with the doubts behind it."""

    NO_VOICE = "NO_VOICE"
    TOO_LITTLE_VOICE = "TOO_LITTLE_VOICE"
    NO_WORDS = "NO_WORDS"
    LANGUAGE_UNCERTAIN = "LANGUAGE_UNCERTAIN"
    LANGUAGE_BEYOND_WEIGHTS = "LANGUAGE_BEYOND_WEIGHTS"
    LANGUAGE_UNMEASURED = "LANGUAGE_UNMEASURED"
    DOUBTFUL_SPEECH = "DOUBTFUL_SPEECH"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the engine says of a stretch of text.

    avg_logprob: mean natural log-probability of its tokens, ≤ 0. no_speech: probability that nobody spoke.
    """

    text: str
    avg_logprob: float
    no_speech: float


def compression_ratio(text: str) -> float:
    """Characters per byte after zlib; above about 2.4 a text repeats itself.

    Whisper counts UTF-8 bytes, of which an Indic letter takes three, and so suspects every Indic text.

    >>> compression_ratio("yes sir, " * 40) > 10, compression_ratio("it hurts when I breathe in") < 1
    (True, True)
    """
    return len(text) / len(zlib.compress(text.encode())) if text else 0.0


def repetitions(text: str) -> int:
    """How often the most repeated run of words, or of letters within a word, comes in immediate succession.

    >>> repetitions("no, no, no it hurts"), repetitions("I see. I see. I see. I see."), repetitions("chest pain")
    (3, 4, 1)
    >>> repetitions("ahememememememem")
    3
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    runs = [_longest_run(words, size) for size in range(1, min(_LONGEST_LOOP_WORDS, len(words)) + 1)]
    loops = (len(match.group()) // len(match[1]) for word in words for match in _LOOPED_LETTERS.finditer(word))
    return max([*runs, *(loop // _LOOPED_LETTERS_FACTOR for loop in loops), 1 if words else 0])


def _longest_run(words: Sequence[str], size: int) -> int:
    """Times that a group of `size` words follows itself, at best."""
    longest = streak = 0
    for index in range(size, len(words)):
        streak = streak + 1 if words[index] == words[index - size] else 0
        longest = max(longest, streak)
    return longest // size + 1


def doubts(evidence: Evidence, language: str | None, config: TranscriptConfig) -> tuple[Doubt, ...]:
    """Reasons to doubt a segment, none when it may be trusted."""
    share = own_share(evidence.text, language) if language else None
    found = {
        Doubt.LOW_PROBABILITY: evidence.avg_logprob < config.avg_logprob_min,
        Doubt.COMPRESSIBLE: compression_ratio(evidence.text) > config.compression_ratio_max,
        Doubt.REPEATED: repetitions(evidence.text) > config.repetition_max,
        Doubt.NO_SPEECH_LIKELY: evidence.no_speech > config.no_speech_max,
        Doubt.WRONG_SCRIPT: share is not None and share < config.own_script_min,
        Doubt.UNINTELLIGIBLE: evidence.avg_logprob < config.unintelligible_logprob or not _WORD.search(evidence.text),
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


# What Whisper writes most often where nobody speaks (Barański et al., "Investigation of Whisper ASR hallucinations
# induced by non-speech audio", ICASSP 2025); "Thank you!" came of a sneeze with a log-probability of -0.68.
STOCK_PHRASES = frozenset({"thank you", "thank you very much", "thanks for watching", "you", "bye"})


def believable(
    evidence: Evidence, longest_voice_s: float, language_probability: float | None, config: TranscriptConfig
) -> bool:
    """Whether a stretch with so much voice in it was speech at all.

    Coughs, sneezes and barks sound like voice for up to 0.8 s. What goes on for longer is speech, however badly it was
    understood, unless the model wrote nothing and thinks that nobody spoke. A shorter sound must have been understood
    well, in a language that was recognised, and not as what Whisper writes of noise: then it was a word.
    """
    if longest_voice_s >= config.voice_sure_s:
        return bool(evidence.text.strip()) or evidence.no_speech <= config.no_speech_max
    recognised = language_probability is None or language_probability >= config.language_probability_min
    understood = evidence.avg_logprob >= config.short_logprob_min and evidence.no_speech <= config.short_no_speech_max
    stock = " ".join(_WORD.findall(evidence.text.casefold())) in STOCK_PHRASES
    return recognised and understood and not stock and not doubts(evidence, None, config)


def state_of(
    segments: Sequence[Segment],
    language: str | None,
    language_probability: float | None,
    config: TranscriptConfig,
    weights: WeightsUsed,
) -> tuple[TranscriptState, tuple[str, ...]]:
    """The state of a transcript whose speech was found, and its reasons.

    language_probability: None when the language was given. Doubtful time, not the number of segments, is weighed. A
    language that nobody measured of these weights is a reason to ask a person, not to distrust every word.
    """
    if not segments:
        return TranscriptState.NO_SPEECH, (Reason.NO_WORDS.value,)
    reasons: list[str] = []
    known = competence(weights, language)
    if known is Competence.BEYOND:
        reasons.append(Reason.LANGUAGE_BEYOND_WEIGHTS.value)
    if language_probability is not None and language_probability < config.language_probability_min:
        reasons.append(Reason.LANGUAGE_UNCERTAIN.value)
    total = sum(segment.end_s - segment.start_s for segment in segments)
    doubtful = sum(segment.end_s - segment.start_s for segment in segments if segment.flags)
    if total and doubtful / total > config.doubtful_share_max:
        flags = dict.fromkeys(flag for segment in segments for flag in segment.flags)
        reasons += [Reason.DOUBTFUL_SPEECH.value, *flags]
    state = TranscriptState.UNRELIABLE if reasons else TranscriptState.SPEECH
    if known is Competence.UNMEASURED:
        reasons.append(Reason.LANGUAGE_UNMEASURED.value)
    return state, tuple(reasons)
