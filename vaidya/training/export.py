"""A finished run -> the adapter file that is stored with the package."""

from pathlib import Path

from vaidya.errors import ArtifactError
from vaidya.training.checkpoint import RunFolder
from vaidya.training.gguf_adapter import write_adapter
from vaidya.training.settings import TrainingConfig
from vaidya.weights import resolve


def export_run(run: RunFolder, config: TrainingConfig, path: Path | None = None) -> Path:
    """Write the adapter of a run, in its folder or at `path`; returns where it lies.

    Raises:
        ArtifactError: the run has no adapter yet.
    """
    from transformers import AutoConfig

    tensors = run.kept(config)
    if tensors is None:
        raise ArtifactError(f"{run.path.name} has no adapter yet: train it to its end, or until its first evaluation")
    base = resolve(config.weights).file(".gguf")
    architecture = AutoConfig.from_pretrained(base.parent, gguf_file=base.name).model_type
    return write_adapter(
        path or run.path / "adapter.gguf",
        tensors,
        architecture=architecture.removesuffix("_text"),
        alpha=config.alpha,
        about={"name": "vaidya section writer", "license": "cc-by-4.0", "description": f"recipe {config.digest}"},
    )
