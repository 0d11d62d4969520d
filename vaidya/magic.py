"""`%load_ext vaidya`, then `%triage cough.wav spo2=93 age=54`: a consultation in a notebook cell.

It shows the record with a player at each segment; `shown = %triage …` keeps it, `shown.record` is the record.
"""

import shlex
from typing import Any

from vaidya.errors import InputError, VitalsError

_PATIENT = ("age", "sex", "pregnant")
_OTHER = ("language", "complaint")


def load_ipython_extension(shell: Any) -> None:
    """Register `%triage`; the models stay loaded between cells."""
    pipelines: dict[str, Any] = {}

    def triage(line: str) -> Any:
        audio, values, profile = _parse(line)
        if profile not in pipelines:
            from vaidya.pipeline import load

            pipelines[profile] = load(profile)
        patient = {name: values.pop(name) for name in _PATIENT if name in values}
        other = {name: str(values.pop(name)) for name in _OTHER if name in values}
        return pipelines[profile](audio, vitals=values, patient=patient, **other).show(audio)

    shell.register_magic_function(triage, magic_kind="line", magic_name="triage")


def _parse(line: str) -> tuple[str | None, dict[str, Any], str]:
    words = shlex.split(line)
    audio = [word for word in words if "=" not in word]
    if len(audio) > 1:
        raise InputError(f"%triage takes one recording, found {len(audio)}; settings are written name=value")
    values = {name: _value(text) for name, _, text in (word.partition("=") for word in words if "=" in word)}
    profile = str(values.pop("profile", "embedded"))
    return (audio[0] if audio else None), values, profile


def _value(text: str) -> float | bool | str:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        if not text:
            raise VitalsError("a value is missing; write for example spo2=93") from None
        return text
