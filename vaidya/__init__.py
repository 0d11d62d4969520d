"""vaidya: hear a patient, listen to the breath, write the note, say how long it is safe to wait.

>>> import vaidya                                    # doctest: +SKIP
>>> pipeline = vaidya.load("embedded")               # doctest: +SKIP
>>> record = pipeline("cough.wav", vitals={"spo2": 93})  # doctest: +SKIP

Importing this package loads no model library; each is imported when a backend that needs it is used.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "load": "vaidya.pipeline",
    "Pipeline": "vaidya.pipeline",
    "load_profile": "vaidya.config",
    "RunConfig": "vaidya.config",
    "TriageRecord": "vaidya.schema",
    "Tier": "vaidya.schema",
    "Vitals": "vaidya.schema",
    "Patient": "vaidya.schema",
    "Intake": "vaidya.schema",
    "VaidyaError": "vaidya.errors",
    "load_ipython_extension": "vaidya.magic",
}

__all__ = sorted(_PUBLIC)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'vaidya' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
