"""Transcript, Findings and Vitals -> SoapNote, each statement with its evidence.

`load_note_writer` gives the writer that a configuration names; `extractive_note` is the fallback;
`with_standing_plan` completes the plan once the tier is known.
"""

from vaidya.config import NoteConfig
from vaidya.errors import ConfigError
from vaidya.llm.base import LanguageModel
from vaidya.note.base import Draft, NoteInput, NoteWriter
from vaidya.note.extractive import ExtractiveNoteWriter, extractive_note
from vaidya.note.standing import standing_actions, with_standing_plan

__all__ = [
    "Draft",
    "NoteInput",
    "NoteWriter",
    "extractive_note",
    "load_note_writer",
    "standing_actions",
    "with_standing_plan",
]


def load_note_writer(config: NoteConfig, model: LanguageModel | None) -> NoteWriter:
    """The writer that the configuration names.

    Raises:
        ConfigError: a model is to write, and none was given.
    """
    if config.writer == "extractive":
        return ExtractiveNoteWriter()
    if model is None:
        raise ConfigError("note.writer is 'model', which needs a language model; set `llm` or note.writer: extractive")
    from vaidya.note.writer import ModelNoteWriter

    return ModelNoteWriter(model, config)
