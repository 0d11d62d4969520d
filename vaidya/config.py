"""What a run does: one strict, frozen object with a digest. A typo stops the run.

Profiles are YAML files in `vaidya/profiles/`; `load_profile("embedded")` reads one, `load_profile("my.yaml")` any.
What a machine has (paths, tokens, addresses) is not here but in `vaidya.settings`.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.errors import ConfigError

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Base of every part of a configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AudioConfig(Section):
    """Limits of decoding, and the thresholds of the quality flags.

    declared_share: a recording that decodes to less than this share of its declared duration is TRUNCATED.
    silence_dbfs: a 30 ms frame below this level is silent; people read aloud as quietly as -67 dBFS on a
    distant microphone. clip_level: an absolute sample at or above it is clipped.
    """

    max_bytes: Annotated[int, Field(gt=0)] = 25 * 1024 * 1024
    max_duration_s: Positive = 15 * 60.0
    max_memory_bytes: Annotated[int, Field(gt=0)] = 1024**3
    max_decode_s: Positive = 30.0
    minimum_s: Positive = 0.3
    declared_share: Share = 0.95
    silence_dbfs: float = -70.0
    silent_share: Share = 0.98
    quiet_dbfs: float = -45.0
    clip_level: Share = 0.999
    clipped_share: Share = 0.001


class TranscriptConfig(Section):
    """The transcriber and its gates.

    Above `compression_ratio_max`, `repetition_max` or `no_speech_max`, below `avg_logprob_min`, or with less than
    `own_script_min` of its letters in the language's script, a segment is doubted; when more than `doubtful_share_max`
    of the speech is doubtful, the transcript is UNRELIABLE. Below `unintelligible_logprob` the words are withheld,
    below `translation_logprob_min` their English is.
    voice_threshold: a frame of sound above it is voice. Voice that goes on for `voice_sure_s` is speech; a shorter
    sound is a word only if it was understood with `short_logprob_min` and at most `short_no_speech_max`.
    """

    backend: str = "faster-whisper"
    weights: str = "faster-whisper-base"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "int8"
    threads: Annotated[int, Field(ge=0)] = 0
    beam_size: Annotated[int, Field(ge=1, le=20)] = 5
    batch_size: Annotated[int, Field(ge=1, le=64)] = 8
    translate: bool = True
    initial_prompt: str | None = None
    language_probability_min: Share = 0.5
    no_speech_max: Share = 0.6
    avg_logprob_min: float = -0.7
    compression_ratio_max: Positive = 2.4
    repetition_max: Annotated[int, Field(ge=2)] = 4
    own_script_min: Share = 0.6
    unintelligible_logprob: float = -1.2
    translation_logprob_min: float = -1.0
    voice_threshold: Share = 0.5
    voice_sure_s: Positive = 0.9
    short_logprob_min: float = -0.7
    short_no_speech_max: Share = 0.3
    doubtful_share_max: Share = 0.3
    timeout_s: Positive = 300.0


class AcousticConfig(Section):
    """The listener: which encoder, how windows are cut, which head and which probe.

    hop_s: windows overlap when it is shorter than `vaidya.units.CLIP_S`. silence_dbfs: quieter windows are not listened
    to. events: another encoder, whose event head names the sounds (cough, breath, speech) where the first one has no
    head; None for the first one's own. head: event head by name or path of its card, None for the one that ships for
    that encoder. probe: likewise, over the first encoder, None for no probe.
    """

    backend: str = "yamnet"
    weights: str | None = "yamnet-w8a8"
    events: str | None = None
    events_weights: str | None = None
    hop_s: Positive = 1.0
    event_threshold: Share = 0.5
    silence_dbfs: float = -60.0
    head: str | None = None
    probe: str | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: Annotated[int, Field(ge=0)] = 1
    timeout_s: Positive = 120.0


class LlmConfig(Section):
    """The language model and how it is asked.

    weights: name in the weights table, for backends that load files. model, base_url: for servers. endpoint: SageMaker.
    """

    backend: str = "llama-cpp"
    weights: str | None = "qwen2.5-coder-1.5b-instruct-q4"
    adapter: str | None = None
    model: str | None = None
    base_url: str | None = None
    endpoint: str | None = None
    asynchronous: bool = False
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    threads: Annotated[int, Field(ge=0)] = 0
    gpu_layers: int = 0
    context_tokens: Annotated[int, Field(ge=512)] = 8192
    cache_type: Literal["f16", "q8_0"] = "f16"
    max_tokens: Annotated[int, Field(ge=16)] = 700
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: int = 7
    timeout_s: Positive = 120.0
    options: dict[str, str | int | float | bool] = {}


class NoteConfig(Section):
    """How the note is asked for and checked.

    languages: those that the model may be given to read (codes as Whisper's), None for any. A consultation in another
    one, without English, gets the extractive note, and a person is asked. support_min: least share of a statement's
    words that its evidence holds. unsupported_share_max: a draft of which a larger share was never said is refused.
    """

    writer: Literal["model", "extractive"] = "model"
    prompt: str = "soap-v5"
    retries: Annotated[int, Field(ge=0, le=3)] = 1
    add_missing_facts: bool = True
    withhold_unsupported: bool = True
    support_min: Share = 0.6
    unsupported_share_max: Share = 0.34
    languages: tuple[str, ...] | None = None


class TriageConfig(Section):
    """Which sources may set a floor; all of them, but for ablations.

    adult_age: years from which the adult rules describe a patient. language_probability_min: a person is asked below.
    """

    vitals: bool = True
    red_flags: bool = True
    complaint: bool = True
    model: bool = True
    sound: bool = True
    adult_age: Annotated[float, Field(ge=0)] = 16.0
    language_probability_min: Share = 0.5


class PriceConfig(Section):
    """What an hour of the machine costs in USD; None where nobody pays by the hour. `source` says where it is from."""

    on_demand_per_hour: float | None = None
    spot_per_hour: float | None = None
    cold_start_s: float | None = None
    source: str = ""


class DeployConfig(Section):
    """What SageMaker is asked for. KMS key and VPC are ids, never secrets."""

    instance_type: str = "ml.g5.xlarge"
    asynchronous: bool = True
    max_concurrent: Annotated[int, Field(ge=1)] = 4
    min_instances: Annotated[int, Field(ge=0)] = 0
    max_instances: Annotated[int, Field(ge=1)] = 2
    data_capture: bool = False
    kms_key_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()


class RunConfig(Section):
    """Everything that changes a record. `profile` names it; `digest` identifies it.

    section_llm: the language model that writes a section of a note where only a section is asked for; `llm` where it is
    None. llm_small: weights used instead of `llm.weights` on machines with less than `small_memory_gb`.
    """

    profile: str
    description: str = ""
    audio: AudioConfig = AudioConfig()
    transcript: TranscriptConfig = TranscriptConfig()
    acoustic: AcousticConfig = AcousticConfig()
    llm: LlmConfig = LlmConfig()
    section_llm: LlmConfig | None = None
    note: NoteConfig = NoteConfig()
    triage: TriageConfig = TriageConfig()
    price: PriceConfig = PriceConfig()
    deploy: DeployConfig = DeployConfig()
    llm_small: str | None = None
    small_memory_gb: Positive = 8.0

    @property
    def digest(self) -> str:
        """First 12 hex digits of the sha256 of the canonical JSON."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def override(self, changes: Mapping[str, Any]) -> "RunConfig":
        """A copy with dotted keys replaced, validated again: `{"llm.max_tokens": 512}`.

        Raises:
            ConfigError: a key is not a setting, or its value does not fit.
        """
        data = self.model_dump(mode="json")
        for key, value in changes.items():
            *path, last = key.split(".")
            node: Any = data
            for step in path:
                node = node.get(step) if isinstance(node, dict) else None
            if not isinstance(node, dict) or last not in node:
                raise ConfigError(f"{key!r} is not a setting of profile {self.profile!r}; see vaidya/config.py")
            node[last] = value
        return _validated(data, f"profile {self.profile!r} with overrides")


def profile_names() -> list[str]:
    """Profiles that ship with the package."""
    folder = resources.files("vaidya") / "profiles"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_profile(name: str) -> RunConfig:
    """A shipped profile by name, or any YAML file by path (it must end in .yaml).

    Raises:
        ConfigError: no such profile, or a field is unknown or out of range.
    """
    if name.endswith(".yaml"):
        path = Path(name)
        if not path.is_file():
            raise ConfigError(f"no profile file at {name}; shipped profiles: {', '.join(profile_names())}")
        text = path.read_text(encoding="utf-8")
    elif name in profile_names():
        text = (resources.files("vaidya") / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise ConfigError(
            f"no profile {name!r}; there are {', '.join(profile_names())}, or give a path to a .yaml file"
        )
    return _validated(yaml.safe_load(text), f"profile {name!r}")


def _validated(data: object, what: str) -> RunConfig:
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{what} is not valid: {problems}") from error
