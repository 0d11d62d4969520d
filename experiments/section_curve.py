"""Learning curves of section adapters: recipes, data, sizes, seeds, each judged by what it writes.

    python experiments/section_curve.py experiments/section_curve.yaml --out experiments/runs/section_curve

Made for a CUDA GPU (an arm takes a minute there, hours on two cores). Replies are written by transformers in one
batch; the product writes them by llama.cpp over the quantised weights, so whatever is kept is judged again there
(`vaidya eval note_sections`). Arms are chosen by a part of the training rows that they do not see ("dev"); the
validation part is read only to report. `--share 1/4` runs every fourth arm, for four processes on one GPU.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vaidya.corpora import read_cases
from vaidya.errors import GenerationTruncatedError
from vaidya.evaluation.note_lexical import rouge
from vaidya.evaluation.sections import SectionExample
from vaidya.note.section import NARRATIVE_TOKENS, section_text, token_limit
from vaidya.training.base_model import attach_lora, load_gguf, set_lora_tensors
from vaidya.training.checkpoint import RunFolder
from vaidya.training.examples import Encoded, encode, training_examples
from vaidya.training.loop import Trainer, on_device, select
from vaidya.training.settings import TrainingConfig
from vaidya.weights import resolve

DEV_ROWS = 100
BATCH = 200  # dialogues whose sections are written side by side
# ACI-Bench's headings as MTS-Dialog's; what holds two of its sections (assessment and plan) is left out.
ACI_HEADINGS = {
    "CHIEF COMPLAINT": "CC",
    "HISTORY OF PRESENT ILLNESS": "GENHX",
    "REVIEW OF SYSTEMS": "ROS",
    "PHYSICAL EXAM": "EXAM",
    "PHYSICAL EXAMINATION": "EXAM",
    "ASSESSMENT": "ASSESSMENT",
    "PLAN": "PLAN",
    "SOCIAL HISTORY": "FAM/SOCHX",
    "FAMILY HISTORY": "FAM/SOCHX",
    "MEDICATIONS": "MEDICATIONS",
    "CURRENT MEDICATIONS": "MEDICATIONS",
    "MEDICAL HISTORY": "PASTMEDICALHX",
    "PAST HISTORY": "PASTMEDICALHX",
    "SURGICAL HISTORY": "PASTSURGICAL",
    "ALLERGIES": "ALLERGY",
}


class Bench:
    """The rows, and one base model at a time."""

    def __init__(self) -> None:
        training, self.valid = training_examples()
        held = set(np.random.default_rng(0).choice(len(training), DEV_ROWS, replace=False).tolist())
        self.dev = [row for i, row in enumerate(training) if i in held]
        self.train = [row for i, row in enumerate(training) if i not in held]
        self.weights = ""

    def load(self, weights: str, device: str) -> None:
        """Another base, where it is not the one at hand."""
        if weights != self.weights:
            self.tokenizer, self.base = load_gguf(resolve(weights).file(".gguf"))
            self.base.to(on_device(device))
            self.weights = weights

    def encoded(self, rows: Sequence[SectionExample]) -> list[Encoded]:
        """Token ids of some rows."""
        return [encode(self.tokenizer, row) for row in rows]


def run_arm(bench: Bench, arm: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Train one arm and let it write; what is returned is kept as JSON.

    `everything` trains on the dev rows too and keeps the last adapter; `aci` adds ACI-Bench's training part cut into
    sections; `samples` also draws replies at `temperature`; `judge_best: false` judges only the last adapter.
    """
    everything, samples, aci = arm.pop("everything", False), arm.pop("samples", 0), arm.pop("aci", False)
    temperature, judge_best = arm.pop("temperature", 0.7), arm.pop("judge_best", True)
    config = TrainingConfig.model_validate(arm)
    start = time.monotonic()
    bench.load(config.weights, config.device)
    training = [*bench.train, *(bench.dev if everything else ()), *(aci_rows() if aci else ())]
    rows = select(config, bench.encoded(training), bench.encoded(bench.valid if everything else bench.dev))
    model = attach_lora(bench.base, rank=config.rank, alpha=config.alpha, dropout=config.dropout)
    trainer = Trainer(config, RunFolder(folder, config), rows, model)
    trainer.run()
    told: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "everything": everything,
        "steps": trainer.progress.step,
        "history": [line for line in trainer.run_folder.history() if "validation_by_row" in line],
        "training_s": round(time.monotonic() - start, 1),
    }
    told["last"] = judged(bench, model, everything, samples, temperature)
    if judge_best and not everything and trainer.progress.best and trainer.progress.best.step != trainer.progress.step:
        set_lora_tensors(model, _best(trainer.run_folder))
        told["best"] = judged(bench, model, everything, 0, temperature)
    told["seconds"] = round(time.monotonic() - start, 1)
    bench.base = model.unload()
    return told


def _best(run: RunFolder) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = torch.load(run.best)
    return found


def judged(bench: Bench, model: Any, everything: bool, samples: int, temperature: float) -> dict[str, Any]:
    """ROUGE of what is written for the dev rows (where they were not trained on) and the validation rows."""
    import copy

    merged = copy.deepcopy(model).merge_and_unload().float().eval()
    parts = {"valid": bench.valid} if everything else {"dev": bench.dev, "valid": bench.valid}
    rows = [row for part in parts.values() for row in part]
    greedy = iter(replies[0] for replies in write(bench, merged, rows, 1, 0.0))
    drawn = iter(write(bench, merged, rows, samples, temperature) if samples else ())
    told: dict[str, Any] = {}
    for part, found in parts.items():
        texts = [next(greedy) for _ in found]
        scores = [rouge(row.text, text) for row, text in zip(found, texts, strict=True)]
        means = {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
        told[part] = {**means, "words": float(np.mean([len(text.split()) for text in texts])), "texts": texts}
        if samples:
            told[part]["samples"] = [next(drawn) for _ in found]
    return told


def aci_rows() -> list[SectionExample]:
    """ACI-Bench's training part, a row for each section with a heading of `ACI_HEADINGS`."""
    rows = []
    for case in read_cases("aci-bench", split="train"):
        dialogue = "\n".join(f"{turn.speaker}: {turn.text}" for turn in case.turns)
        header, lines = "", dict[str, list[str]]()
        for line in (case.note or "").splitlines():
            if line.strip().isupper():
                header = ACI_HEADINGS.get(line.strip().rstrip(":"), "")
            elif header and line.strip():
                lines.setdefault(header, []).append(line)
        rows += [
            SectionExample(f"{case.id}-{name}", name, dialogue, " ".join(" ".join(found).split()))
            for name, found in lines.items()
        ]
    return rows


def write(bench: Bench, model: Any, rows: Sequence[SectionExample], count: int, temperature: float) -> list[list[str]]:
    """`count` sections of each row; an unfinished one with nothing in it is an empty text."""
    import torch
    from transformers import GenerationConfig

    encoded = bench.encoded(rows)
    end = encoded[0].completion[-1]
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}
    settings = GenerationConfig(
        max_new_tokens=NARRATIVE_TOKENS, eos_token_id=end, pad_token_id=end, num_return_sequences=count, **sampling
    )
    written: list[list[str]] = []
    torch.manual_seed(0)
    for first in range(0, len(rows), BATCH):
        part = encoded[first : first + BATCH]
        width = max(len(row.prompt) for row in part)
        ids = torch.full((len(part), width), end)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(part):
            ids[i, width - len(row.prompt) :] = torch.tensor(row.prompt)
            mask[i, width - len(row.prompt) :] = 1
        with torch.inference_mode():
            reply = model.generate(
                input_ids=ids.to(model.device), attention_mask=mask.to(model.device), generation_config=settings
            )[:, width:].tolist()
        for i, row in enumerate(rows[first : first + BATCH]):
            written.append([_text(bench, reply[i * count + j], end, row) for j in range(count)])
    return written


def _text(bench: Bench, tokens: list[int], end: int, row: SectionExample) -> str:
    limit = token_limit(row.header)
    kept = tokens[: tokens.index(end)] if end in tokens else tokens
    cut = len(kept) > limit or end not in tokens
    try:
        return section_text(str(bench.tokenizer.decode(kept[:limit])), limit, cut=cut)
    except GenerationTruncatedError:
        return ""


def main() -> None:
    """Run the arms of a grid that have no result yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grid", type=Path, help="YAML: `common` settings, and `arms`, each with its changes")
    parser.add_argument("--out", type=Path, required=True, help="a folder for adapters and results")
    parser.add_argument("--share", default="1/1", help="which of how many shares of the arms, as 2/4")
    given = parser.parse_args()
    number, of = map(int, given.share.split("/"))
    grid = yaml.safe_load(given.grid.read_text(encoding="utf-8"))
    bench = Bench()
    for name, changes in list(grid["arms"].items())[number - 1 :: of]:
        kept = given.out / f"{name}.json"
        if kept.exists():
            continue
        told = run_arm(bench, {**grid["common"], **(changes or {})}, given.out / name)
        kept.write_text(json.dumps(told), encoding="utf-8")
        losses = [line["validation_by_row"] for line in told["history"]]
        line = f"{name:24} loss {min(losses):.3f} last {losses[-1]:.3f} steps {told['steps']}"
        for which in ("best", "last"):
            for part, found in told.get(which, {}).items():
                line += f" | {which} {part} {found['rouge1']:.3f} {found['words']:.0f}w"
        print(f"{line} | {told['training_s']:.0f} + {told['seconds'] - told['training_s']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
