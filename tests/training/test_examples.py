"""What is trained on: never a validation dialogue, and token by token what llama.cpp is asked."""

from pathlib import Path

import pytest

from vaidya.evaluation.sections import SectionExample
from vaidya.note.section import section_messages
from vaidya.settings import settings
from vaidya.training.batches import batches
from vaidya.training.examples import encode, training_examples
from vaidya.training.settings import TrainingConfig, learning_rate

np = pytest.importorskip("numpy")
EXAMPLE = SectionExample("a", "ALLERGY", "clinician: Any allergies?\npatient: Penicillin.", "Penicillin.")


@pytest.mark.data
def test_no_validation_dialogue_is_trained_on(data_folder: Path) -> None:
    if not (data_folder / "notes" / "mts-dialog" / "train.jsonl").exists():
        pytest.skip("the training part of MTS-Dialog is not in VAIDYA_DATA")
    settings.cache_clear()
    train, valid = training_examples()
    assert len(train) == 1195  # of 1,197; the set's own notes say that two dialogues occur in both parts
    assert len(valid) == 100
    said = {"".join(filter(str.isalnum, row.dialogue.lower())) for row in valid}
    assert not any("".join(filter(str.isalnum, row.dialogue.lower())) in said for row in train)


@pytest.mark.weights
def test_the_tokens_are_those_of_the_model_s_own_chat_template(llm_weights) -> None:
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed: pip install 'vaidya[train]'"
    )
    path = llm_weights.file(".gguf")
    tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    row = encode(tokenizer, EXAMPLE)
    messages = [message.model_dump() for message in section_messages(EXAMPLE.dialogue, EXAMPLE.header)]
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert list(row.prompt) == tokenizer(asked, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(row.completion) == "Penicillin.<|im_end|>"


def test_batches_hold_every_row_once_within_the_budget() -> None:
    from tests.training.tiny_qwen import rows

    made = batches(rows(50), 30, np.random.default_rng(0))
    assert sorted(row.id for batch in made for row in batch) == sorted(row.id for row in rows(50))
    assert all(len(batch) * max(len(row.read) for row in batch) <= 30 for batch in made)


def test_a_row_longer_than_the_budget_stands_alone() -> None:
    from tests.training.tiny_qwen import rows

    assert all(len(batch) == 1 for batch in batches(rows(5), 1))


def test_the_learning_rate_rises_stays_and_falls() -> None:
    config = TrainingConfig(learning_rate=1.0, warmup=0.1, decay=0.3)
    rates = [learning_rate(step, 100, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert set(rates[9:70]) == {1.0}
    assert rates[70:] == sorted(rates[70:], reverse=True)
    assert rates[-1] == pytest.approx(1 / 30)
