"""A finished run -> the adapter file that is stored with the package."""

from pathlib import Path

from vaidya.errors import ArtifactError
from vaidya.training.checkpoint import RunFolder
from vaidya.training.examples import invocation_ids
from vaidya.training.gguf_adapter import write_adapter
from vaidya.training.settings import TrainingConfig
from vaidya.weights import resolve


def export_run(run: RunFolder, config: TrainingConfig, path: Path | None = None) -> Path:
    """Write the best adapter of a run, in its folder or at `path`; returns where it lies.

    Raises:
        ArtifactError: the run has no adapter yet.
    """
    import torch
    from transformers import AutoConfig, AutoTokenizer

    if not run.best.exists():
        raise ArtifactError(f"{run.path.name} has no adapter yet: train it until its first evaluation")
    base = resolve(config.weights).file(".gguf")
    where = {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name}
    return write_adapter(
        path or run.path / "adapter.gguf",
        torch.load(run.best),
        architecture=AutoConfig.from_pretrained(**where).model_type.removesuffix("_text"),
        alpha=config.alpha,
        invocation=invocation_ids(AutoTokenizer.from_pretrained(**where)),
        about={"name": "vaidya section writer", "license": "cc-by-4.0", "description": f"recipe {config.digest}"},
    )
