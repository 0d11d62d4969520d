"""The pipeline as an MLflow model: a row of plain values in, a record as JSON out.

A registered model holds this package as it was judged, `config.json`, the pins of the weights, prompt and schemas for
whoever reads it, the card, and a manifest. `load` verifies before it executes; MLflow's own `load_model` executes the
model's code first, so the model verifies its data again by itself.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow.pyfunc import PythonModel

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.errors import ArtifactError, ConfigError, InputError
from vaidya.pipeline import Pipeline
from vaidya.registry.manifest import verify
from vaidya.registry.request import intake_of
from vaidya.registry.weights import check_weights, embedded_weights
from vaidya.settings import settings

CONFIG = "config.json"
DATA = "artifacts/model"  # where MLflow puts the folder that was given as the artifact "model"
COLUMNS = ("record", "error_code", "error_message")


def load_pipeline(folder: Path) -> Pipeline:
    """The pipeline of an artifact's data folder, every model loaded; the caller has verified the files.

    Raises:
        ArtifactError: the configuration is not ours, or weights are not the pinned ones.
    """
    config = read_config(folder)
    check_weights(folder, config)
    with embedded_weights(folder):
        return Pipeline(config).load()


def read_config(folder: Path) -> RunConfig:
    """The configuration that was judged; it is never fitted to the machine that serves it."""
    try:
        return RunConfig.model_validate_json((folder / CONFIG).read_bytes())
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{CONFIG} is missing or not a configuration of this version") from error


class VaidyaModel(PythonModel):
    """What `mlflow.pyfunc.load_model` gives. The pipeline is loaded with the model, not with the first patient."""

    def __init__(self) -> None:
        self.pipeline: Pipeline | None = None

    def load_context(self, context: Any) -> None:
        """Verify the whole artifact and load every model.

        Raises:
            ArtifactError: a file is not what was registered.
            ConfigError: this process had loaded other code than the model's own.
        """
        data = Path(context.artifacts["model"])
        verify(data.parent.parent, None)
        _refuse_other_code(data.parent.parent)
        self.pipeline = load_pipeline(data)

    # Unannotated on purpose: MLflow takes annotations of `predict` for a schema of its own kind.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002
        """One row of `COLUMNS` for each row given: the record, or the error that its input deserves.

        A row that cannot be used does not lose the others.
        """
        import pandas as pd

        rows = model_input.to_dict(orient="records") if isinstance(model_input, pd.DataFrame) else model_input
        # As objects: a column of text would turn what is absent into NaN.
        return pd.DataFrame([self._one(row) for row in _as_rows(rows)], columns=list(COLUMNS), dtype=object)

    def _one(self, row: Mapping[str, Any]) -> dict[str, str | None]:
        if self.pipeline is None:
            raise ConfigError("the model is not loaded; use mlflow.pyfunc.load_model")
        try:
            # Behind `mlflow models serve` a row comes from the network: it may name files of one folder at most.
            intake = intake_of(row, self.pipeline.config.audio, local_root=settings().local_audio_root)
            record = self.pipeline.run(intake)
        except InputError as error:
            return {"record": None, "error_code": error.code, "error_message": str(error)}
        return {"record": record.model_dump_json(), "error_code": None, "error_message": None}


def _refuse_other_code(folder: Path) -> None:
    """A process that had imported this package before runs that one, whatever the model carries."""
    here, own = provenance.package_digest(), provenance.digest_of(folder / "code" / "vaidya")
    if here != own and not settings().other_code:
        raise ConfigError(
            f"this process runs code {here}, the model was judged with its own, {own}: use a fresh process, or "
            "`vaidya serve`; VAIDYA_OTHER_CODE=1 runs it all the same"
        )


def _as_rows(rows: Any) -> Sequence[Mapping[str, Any]]:
    return [rows] if isinstance(rows, Mapping) else list(rows)


def canonical(record_json: str, *, machine: bool = True) -> str:
    """A record's JSON without what differs between two runs of the same consultation: the times.

    machine: False leaves out the hardware and where weights came from too, to compare two machines.
    """
    record = json.loads(record_json)
    record.pop("timings", None)
    record["tokens"] = {k: v for k, v in record.get("tokens", {}).items() if not k.endswith("_s")}
    record["provenance"].pop("created_at", None)
    if not machine:
        record["provenance"].pop("hardware", None)
        record["provenance"]["weights"] = [
            {k: v for k, v in w.items() if k != "origin"} for w in record["provenance"]["weights"]
        ]
    return json.dumps(record, sort_keys=True, ensure_ascii=False)
