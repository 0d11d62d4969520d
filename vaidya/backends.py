"""Backends by name, imported on use.

A table maps a name to "module:Class". Third parties add names with entry points of the table's group,
for example `[project.entry-points."vaidya.transcribers"]  mine = "my_package:MyTranscriber"`.
"""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from vaidya.errors import BackendMissingError, UnknownBackendError

TRANSCRIBERS = {
    "faster-whisper": "vaidya.transcript.whisper:FasterWhisper",
    "scripted": "vaidya.transcript.scripted:ScriptedTranscriber",
}
# An encoder's name is also a listener's: the sound listener around that encoder (vaidya.acoustic.base).
ENCODERS = {
    "yamnet": "vaidya.acoustic.yamnet:YamnetEncoder",
    "hear": "vaidya.acoustic.hear:HearEncoder",
    "spectral": "vaidya.acoustic.spectral:SpectralEncoder",
    "opensmile": "vaidya.acoustic.opensmile:OpensmileEncoder",
}
LISTENERS = {
    "scripted": "vaidya.acoustic.scripted:ScriptedListener",
}
LANGUAGE_MODELS = {
    "llama-cpp": "vaidya.llm.llama_cpp:LlamaCpp",
    "transformers": "vaidya.llm.transformers:Transformers",
    "openai": "vaidya.llm.openai:OpenAICompatible",
    "sagemaker": "vaidya.llm.sagemaker:SageMaker",
    "scripted": "vaidya.llm.scripted:ScriptedModel",
}
GROUPS = {
    "vaidya.transcribers": TRANSCRIBERS,
    "vaidya.encoders": ENCODERS,
    "vaidya.listeners": LISTENERS,
    "vaidya.language_models": LANGUAGE_MODELS,
}

# Which extra brings a library that a backend needs.
EXTRAS = {
    "faster_whisper": "whisper",
    "xllamacpp": "llama-cpp",
    "onnxruntime": "yamnet",
    "torch": "transformers",
    "transformers": "transformers",
    "llguidance": "transformers",
    "boto3": "aws",
    "sagemaker": "aws",
    "mlflow": "tracking",
    "fhir": "fhir",
    "fastapi": "serve",
    "papermill": "notebooks",
    "matplotlib": "notebooks",
    "pandas": "evaluation",
    "scipy": "evaluation",
    "sklearn": "evaluation",
    "peft": "train",
    "bert_score": "bertscore",
}


def names(group: str) -> dict[str, str]:
    """Every backend of a group, shipped or brought by another package; a shipped name cannot be replaced."""
    found = {point.name: point.value for point in entry_points(group=group)}
    return {**found, **GROUPS[group]}


def resolve(table: Mapping[str, str], name: str) -> Any:
    """The class behind a name.

    Raises:
        UnknownBackendError: the table has no such name.
        BackendMissingError: its library is not installed.
    """
    if name not in table:
        raise UnknownBackendError(f"{name!r} is not one of {', '.join(sorted(table))}")
    module, _, attribute = table[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise missing(error, name) from error


def missing(error: ModuleNotFoundError, wanted_by: str) -> BackendMissingError:
    """The coded error for a library that is not installed, naming the extra that brings it."""
    library = (error.name or "").split(".")[0]
    extra = EXTRAS.get(library)
    advice = f"pip install 'vaidya[{extra}]'" if extra else f"pip install {library}"
    return BackendMissingError(f"{wanted_by!r} needs {library}, which is not installed: {advice}")
