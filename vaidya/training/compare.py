"""One table: an adapter beside its model without it, the same model shown examples, and what needs no model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from vaidya.config import LlmConfig
from vaidya.evaluation.sections import SectionExample
from vaidya.llm.base import LanguageModel, load_language_model
from vaidya.note.section import write_section
from vaidya.training.score import Written, gain, summary, write_all
from vaidya.training.section_baselines import Writer, copied, few_shot, longest_turn, nearest

CONTEXT_TOKENS = 4096  # the longest dialogue with two examples has 3,000


def without_model(examples: Sequence[SectionExample], training: Sequence[SectionExample]) -> dict[str, list[Written]]:
    """The baselines, by name."""
    writers = {"baseline:copied": copied, "baseline:longest_turn": longest_turn, "baseline:nearest": nearest(training)}
    return {name: write_all(writer, examples, name) for name, writer in writers.items()}


def with_model(
    examples: Sequence[SectionExample], weights: str, adapter: str | None = None, threads: int = 0
) -> list[Written]:
    """Every section by llama.cpp, as the product runs it. adapter: a name of the weights table, or a path."""
    with _model(weights, adapter, threads) as model:
        return write_all(_writer(model), examples, adapter or weights)


def with_examples(
    examples: Sequence[SectionExample], training: Sequence[SectionExample], weights: str, shots: int, threads: int = 0
) -> list[Written]:
    """Every section by a model without adapter that is shown the nearest training rows."""
    with _model(weights, None, threads) as model:
        return write_all(few_shot(model, training, shots), examples, f"{weights}, {shots} examples")


def comparison(arms: dict[str, list[Written]], reference: str, rng: np.random.Generator) -> Any:
    """A DataFrame, one row an arm, best first. gain: ROUGE-1 over the arm `reference`, dialogue by dialogue."""
    import pandas as pd

    rows = []
    for name, written in arms.items():
        value, low, high = gain(written, arms[reference], rng)
        rows.append({"arm": name, **summary(written, rng), "gain": value, "gain_low": low, "gain_high": high})
    return pd.DataFrame(rows).set_index("arm").sort_values("rouge1", ascending=False)


def by_heading(written: Sequence[Written]) -> Any:
    """A DataFrame of mean ROUGE-1 and n by heading, most frequent first."""
    import pandas as pd

    scored = [case for case in written if case.reason is None]
    table = pd.DataFrame(
        {"heading": [c.example.header for c in scored], "rouge1": [c.scores["rouge1"] for c in scored]}
    )
    return table.groupby("heading")["rouge1"].agg(["count", "mean"]).sort_values("count", ascending=False)


def _writer(model: LanguageModel) -> Writer:
    return lambda example: write_section(model, example.dialogue, example.header)


@contextmanager
def _model(weights: str, adapter: str | None, threads: int) -> Iterator[LanguageModel]:
    model = load_language_model(
        LlmConfig(weights=weights, adapter=adapter, threads=threads, context_tokens=CONTEXT_TOKENS, timeout_s=600.0)
    )
    try:
        yield model
    finally:
        model.close()
