"""A note drafted by a language model: asked, followed, parsed, repaired once, asked once more, and checked."""

from dataclasses import dataclass, field

from vaidya.config import NoteConfig
from vaidya.errors import GenerationTruncatedError, NoteFormatError, NoteUnsupportedError
from vaidya.llm.base import EndReply, LanguageModel
from vaidya.note.assemble import assemble
from vaidya.note.astray import Followed
from vaidya.note.base import LANGUAGE_NOT_READ, NOTE_CUT, Draft, NoteInput, OnText, OnTier
from vaidya.note.evidence import Spoken
from vaidya.note.extract.spoken_exam import exam_facts, plan_facts
from vaidya.note.extractive import extractive_note
from vaidya.note.heard import heard
from vaidya.note.prompt import Prompt, load_prompt
from vaidya.note.reply import Reply, parse, repair, reply_schema, streamed_tier
from vaidya.schema import FinishReason, Generation, Origin, SoapNote, Tier, Transcript
from vaidya.transcript.scripts import written_in_any

_REMARKS = {
    NoteUnsupportedError: "Your last reply described another patient. Write only what stands in this transcript.",
    NoteFormatError: "Your last reply could not be used. Reply with the JSON object only, in few and short statements.",
}


@dataclass(slots=True)
class _Listener:
    """Follows the replies while they are written; reports a tier, and again only one that is more severe."""

    on_tier: OnTier | None
    on_text: OnText | None
    tier: Tier | None = None
    reply: Followed = field(init=False)  # the one that is being written; set before each request

    def __call__(self, piece: str) -> None:
        self.reply.add(piece)
        if self.on_text:
            self.on_text(piece)
        self.hear(streamed_tier(self.reply.text))
        if self.reply.astray:
            raise EndReply

    def hear(self, tier: Tier | None) -> None:
        """Keep the most severe tier of all replies, those that became no note included."""
        if tier is None or (self.tier is not None and tier <= self.tier):
            return
        self.tier = tier
        if self.on_tier:
            self.on_tier(tier)


@dataclass(slots=True)
class _Attempts:
    """Requests made so far for one note, and what was heard while their replies were written."""

    source: NoteInput
    spoken: Spoken
    listener: _Listener
    made: list[Generation] = field(default_factory=list)
    error: NoteFormatError | NoteUnsupportedError | GenerationTruncatedError | None = None

    @property
    def remark(self) -> str:
        """What the next request says about the last reply; nothing before the first."""
        return "" if self.error is None else _REMARKS.get(type(self.error), _REMARKS[NoteFormatError])


class ModelNoteWriter:
    """A NoteWriter around any language model.

    Without usable speech the model is not asked: the note is ABSTAINED. Nor is it for a language that it does not read:
    the note is EXTRACTIVE.
    """

    def __init__(self, model: LanguageModel, config: NoteConfig) -> None:
        self._model = model
        self._config = config
        self._prompt: Prompt = load_prompt(config.prompt)
        self.prompt_version: str | None = self._prompt.version

    def warm(self) -> None:
        """Read the fixed part of the prompt into the engine's cache ahead of a consultation."""
        self._model.warm(self._prompt.prefix)

    def write(self, source: NoteInput, *, on_tier: OnTier | None = None, on_text: OnText | None = None) -> Draft:
        """Draft a note. Its tier is the most severe one of all replies that were needed for it.

        Raises:
            GenerationError: the model failed; its codes tell how (time, server).
            GenerationTruncatedError: every reply was cut at the token limit.
            NoteFormatError: no reply was a note, after one repair each.
            NoteUnsupportedError: most of what the last reply says was never said.
        """
        if not source.transcript.has_words:
            return Draft(note=extractive_note(source, source.transcript.state.value))
        if not reads(source.transcript, self._config.languages):
            return Draft(note=extractive_note(source, LANGUAGE_NOT_READ))
        attempts = _Attempts(source, Spoken.of(source), _Listener(on_tier, on_text))
        for _ in range(self._config.retries + 1):
            reply, how = self._attempt(attempts)
            draft = self._draft(reply, attempts, how) if reply else None
            if draft is not None and not self._refused(draft.note, attempts):
                return draft
        error = attempts.error or NoteFormatError("no reply was asked for: `note.retries` must not be negative")
        error.generations = tuple(attempts.made)
        raise error

    def _attempt(self, attempts: _Attempts) -> tuple[Reply | None, str]:
        """One request, parsed or repaired; the reason why it was neither is kept."""
        messages = self._prompt.messages(attempts.source, attempts.remark)
        followed = attempts.listener.reply = Followed(attempts.spoken, self._config.support_min)
        schema = reply_schema(unsaid(attempts.source))
        generation = self._model.generate(messages, schema, on_text=attempts.listener)
        attempts.listener.hear(streamed_tier(generation.text))  # an engine that does not stream tells it at the end
        attempts.made.append(generation)
        if followed.astray:
            return _cut(followed, attempts)
        if generation.finish_reason is not FinishReason.STOP:
            attempts.error = GenerationTruncatedError(
                f"the reply was cut after {generation.tokens_out} tokens; raise `llm.max_tokens`"
            )
            return None, "none"
        try:
            return _read(generation.text)
        except NoteFormatError as error:
            attempts.error = error
            return None, "none"

    def _draft(self, reply: Reply, attempts: _Attempts, how: str) -> Draft:
        note = assemble(reply, attempts.spoken, self._config, self._prompt.version)
        if attempts.listener.reply.astray:
            note = note.model_copy(update={"reason": NOTE_CUT})
        how = how if len(attempts.made) == 1 else "retried"
        tier = max(reply.tier, attempts.listener.tier or reply.tier)
        return Draft(note=note, tier=tier, generations=tuple(attempts.made), attempt=how)

    def _refused(self, note: SoapNote, attempts: _Attempts) -> bool:
        """Whether most of what the draft shows was never said: small models recite an example of the prompt."""
        written = [statement for _, statement in note.statements() if statement.origin is Origin.MODEL]
        unsupported = sum(not statement.supported for statement in written)
        if unsupported <= self._config.unsupported_share_max * len(written):
            return False
        attempts.error = NoteUnsupportedError(f"{unsupported} of the model's {len(written)} statements were never said")
        return True


def reads(transcript: Transcript, languages: tuple[str, ...] | None) -> bool:
    """Whether a model that reads these languages can read a transcript: its own words, or their English."""
    if languages is None or transcript.language in languages:
        return True
    # Typed words may come without their language; letters then tell what they can.
    known = transcript.language is None and written_in_any(transcript.text(), languages)
    return known or all(segment.english for segment in transcript.segments if segment.text)


def unsaid(source: NoteInput) -> str:
    """The keys of the reply for which the consultation holds nothing: no examination, no plan said aloud."""
    sentences = heard(source.transcript)
    return ("" if exam_facts(sentences) else "o") + ("" if plan_facts(sentences) else "p")


def _cut(followed: Followed, attempts: _Attempts) -> tuple[Reply | None, str]:
    """What stands before the reply went astray; nothing where it was astray from the beginning."""
    try:
        return repair(followed.text), "cut"
    except NoteFormatError:
        attempts.error = NoteUnsupportedError("the model's first statements were never said, and the reply was stopped")
        return None, "none"


def _read(text: str) -> tuple[Reply, str]:
    try:
        return parse(text), "first"
    except NoteFormatError:
        return repair(text), "repaired"
