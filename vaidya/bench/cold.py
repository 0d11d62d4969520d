"""A process that has nothing loaded yet: what the first consultation costs. Run as `python -m vaidya.bench.cold`.

The operating system may still hold the weights' files in memory: emptying its cache needs rights that we do not ask.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from vaidya.bench.rows import LatencyRow, judged
from vaidya.config import RunConfig
from vaidya.errors import StageError

IMPORT_GOAL_S, HELP_GOAL_S = 0.3, 0.5
TRIES = 3
_STAGES = ("transcript", "acoustic", "note")


def first_consultation(config: RunConfig, audio: Path, timeout_s: float = 600.0) -> dict[str, Any]:
    """Seconds of import, loading and the first consultation in a new process, and its peak memory in GB.

    Raises:
        StageError: the process failed.
    """
    job = json.dumps({"config": config.model_dump(mode="json"), "audio": str(audio)})
    command = [sys.executable, "-m", "vaidya.bench.cold"]
    done = subprocess.run(command, input=job, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode:
        # The error's text may quote what was said; its type does not.
        kind = done.stderr.strip().splitlines()[-1].partition(":")[0] if done.stderr.strip() else "no error text"
        raise StageError(f"a new process could not run the consultation: {kind}")
    return json.loads(done.stdout.splitlines()[-1])


def cold_rows(found: dict[str, Any]) -> list[LatencyRow]:
    """What `first_consultation` found, as rows named cold_…."""
    units = {name: "GB" if name.endswith("_gb") else "s" for name in found}
    return [
        LatencyRow(metric=f"cold_{name}", value=value, unit=units[name], state="cold") for name, value in found.items()
    ]


def start_rows() -> list[LatencyRow]:
    """Import of the package, and the command line's help: the fastest of a few, for they are either paid or not."""
    code = "import time; t = time.perf_counter(); import vaidya; print(time.perf_counter() - t)"
    imported = min(float(_output([sys.executable, "-c", code])) for _ in range(TRIES))
    helped = min(
        _seconds([sys.executable, "-c", "from vaidya.cli import main; main()", "--help"]) for _ in range(TRIES)
    )
    return [
        judged(
            LatencyRow(metric="import_s", value=imported, unit="s", n=TRIES, scenario="machine", state="cold"),
            f"≤ {IMPORT_GOAL_S:g}",
            lambda value: value <= IMPORT_GOAL_S,
        ),
        judged(
            LatencyRow(metric="help_s", value=helped, unit="s", n=TRIES, scenario="machine", state="cold"),
            f"≤ {HELP_GOAL_S:g}",
            lambda value: value <= HELP_GOAL_S,
        ),
    ]


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    _output(command)
    return time.perf_counter() - start


def main() -> None:
    """Take a job from stdin, run it, print one line of JSON."""
    job = json.load(sys.stdin)
    start = time.perf_counter()
    from vaidya.bench.machine import measured
    from vaidya.pipeline import Pipeline
    from vaidya.schema import Intake

    imported = time.perf_counter()
    pipeline = Pipeline(RunConfig.model_validate(job["config"]))
    with measured() as usage:
        pipeline.load()
        loaded = time.perf_counter()
        record = pipeline.run(Intake(audio=Path(job["audio"])))
    ran = time.perf_counter()
    pipeline.close()
    found = {
        **{
            f"{stage}_s": record.timings[stage]
            for stage in ("transcript", "acoustic", "note")
            if stage in record.timings
        },
        "pipeline_import_s": imported - start,
        "load_s": loaded - imported,
        "first_consultation_s": ran - loaded,
        "ready_s": loaded - start,
        "peak_memory_gb": usage.peak_memory_gb,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
