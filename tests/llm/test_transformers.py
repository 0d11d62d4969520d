"""The transformers backend, with random Gemma 3 models in its three forms: text, image-text, and GGUF."""

import json
import threading
import time
from math import exp
from pathlib import Path

import pytest

from tests.llm.conftest import PREFIX, SCHEMA, ask, ends_at_its_listeners_wish
from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationContextError, GenerationError, GenerationTimeoutError, WeightsError
from vaidya.schema import FinishReason

pytest.importorskip("torch", reason="torch is not installed: pip install 'vaidya[transformers]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'vaidya[transformers]'")

from tests.llm.tiny_checkpoint import NO_SYSTEM_TEMPLATE, write_image_text_checkpoint, write_text_checkpoint
from vaidya.llm.base import load_language_model
from vaidya.llm.transformers import Transformers, _Pieces
from vaidya.llm.transformers_model import pick_device


def engine(weights: Path, **changes: object) -> Transformers:
    options = {"backend": "transformers", "weights": str(weights), "context_tokens": 1024, "device": "cpu"}
    found = load_language_model(LlmConfig.model_validate({**options, **changes}))
    assert isinstance(found, Transformers)
    return found


@pytest.fixture(scope="module")
def text_folder(tmp_path_factory):
    return write_text_checkpoint(tmp_path_factory.mktemp("checkpoint") / "text")


@pytest.fixture(scope="module")
def image_text_folder(tmp_path_factory):
    return write_image_text_checkpoint(tmp_path_factory.mktemp("checkpoint") / "image-text")


@pytest.fixture(scope="module", params=["text_folder", "image_text_folder"])
def model(request):
    return engine(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def text_model(text_folder):
    return engine(text_folder)


def test_the_image_text_form_is_recognised(image_text_folder):
    assert type(engine(image_text_folder)._loaded.model).__name__ == "Gemma3ForConditionalGeneration"


def test_a_schema_is_held_without_white_space(model):
    reply = model.generate(ask("hello"), SCHEMA, max_tokens=200)
    assert reply.finish_reason is FinishReason.STOP
    assert list(json.loads(reply.text)) == ["tier", "words"]
    assert reply.text == json.dumps(json.loads(reply.text), separators=(",", ":"), ensure_ascii=False)


def test_pieces_add_up_to_the_reply_and_are_timed(model):
    pieces: list[str] = []
    reply = model.generate(ask("hello"), SCHEMA, on_text=pieces.append)
    assert "".join(pieces) == reply.text
    assert len(pieces) > 3
    assert reply.ttft_s > 0
    assert reply.decode_s > 0
    assert reply.tokens_in > 100


def test_the_first_tokens_come_with_what_else_the_schema_allowed(text_model):
    reply = text_model.generate(ask("hello"), SCHEMA, max_tokens=200)
    assert reply.text.startswith("".join(token.text for token in reply.opening))
    first = reply.opening[0]
    assert set(first.alternatives) == {"{"}  # the schema leaves nothing else, and no probability to it
    assert first.alternatives["{"] == pytest.approx(0.0, abs=1e-6)
    letters = next(token for token in reply.opening if token.text in set("EUR"))
    assert set(letters.alternatives) == set("EUR")
    assert sum(map(exp, letters.alternatives.values())) == pytest.approx(1.0, abs=1e-5)
    assert text_model.generate(ask("hello"), max_tokens=4).opening == ()


def test_a_reply_cut_at_the_limit_says_so(model):
    reply = model.generate(ask("hello"), SCHEMA, max_tokens=3)
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.tokens_out == 3


@pytest.mark.parametrize("fixed", [False, True])
def test_a_warm_prefix_is_not_read_again_and_changes_no_reply(image_text_folder, fixed):
    cold = engine(image_text_folder).generate(ask("hello"), max_tokens=24)
    model = engine(image_text_folder, options={"compile": fixed})
    assert model.generate(ask("hello"), max_tokens=24).text == cold.text
    model.warm(PREFIX)
    warm = [model.generate(ask("hello"), max_tokens=24) for _ in range(2)]
    assert cold.tokens_cached == 0
    assert [reply.tokens_cached > 100 for reply in warm] == [True, True]
    assert {reply.text for reply in warm} == {cold.text}


def test_after_warming_no_reply_waits_for_a_compiler(image_text_folder, monkeypatch):
    """The step is traced as on CUDA, but run as it is; replies reach past the sliding window (64 tokens here)."""
    import torch
    from transformers import CompileConfig

    class Everywhere(CompileConfig):
        _compile_all_devices = True

    def as_on_cuda(self, loaded, limit):
        settings = plain(self, loaded, limit)
        settings.compile_config = Everywhere(backend="eager", mode=None)
        return settings

    replies = {n: engine(image_text_folder).generate(ask("hello " * n), max_tokens=24).text for n in (1, 4, 12, 2)}
    plain = Transformers._settings
    monkeypatch.setattr(Transformers, "_settings", as_on_cuda)
    model = engine(image_text_folder, options={"compile": True})
    model.warm(PREFIX[:1])
    loaded = model._open()
    model._compile(loaded, model._ids(PREFIX)[:20], model._prefix)
    with torch._dynamo.config.patch(error_on_recompile=True):
        for n, text in replies.items():
            assert model.generate(ask("hello " * n), max_tokens=24).text == text


def test_where_torch_cannot_compile_replies_come_uncompiled(image_text_folder, monkeypatch, caplog):
    import torch

    def fails(*_):
        raise torch._dynamo.exc.TorchDynamoException("no C compiler")

    model = engine(image_text_folder, options={"compile": True})
    model.warm(PREFIX[:1])
    loaded = model._open()
    with monkeypatch.context() as patch:
        patch.setattr(Transformers, "_generate", fails)
        model._compile(loaded, model._ids(PREFIX)[:20], model._prefix)
    assert "several times slower" in caplog.text
    assert model._settings(loaded, 8).disable_compile is True
    assert model.generate(ask("hello"), max_tokens=8).tokens_out == 8


@pytest.mark.parametrize("fixed", [False, True])
def test_a_prefix_longer_than_the_context_is_told_at_the_request(text_folder, fixed):
    model = engine(text_folder, context_tokens=512, options={"compile": fixed})
    long = ask("hello " * 400)
    model.warm(long)
    with pytest.raises(GenerationContextError):
        model.generate([*long, *long[-1:]], max_tokens=2)


def test_another_option_is_refused(text_folder):
    with pytest.raises(ConfigError, match="found speed"):
        engine(text_folder, options={"speed": True})
    with pytest.raises(ConfigError, match="true or false"):
        engine(text_folder, options={"compile": "yes"})


def test_another_prefix_is_read_whole(text_folder):
    model = engine(text_folder)
    model.warm(PREFIX)
    assert model.generate(ask("hello")[1:], max_tokens=2).tokens_cached == 0


def test_sampling_repeats_with_its_seed(text_folder):
    sampled = engine(text_folder, temperature=1.5)
    first, second = (sampled.generate(ask("hello"), max_tokens=16).text for _ in range(2))
    other = engine(text_folder, temperature=1.5, seed=8).generate(ask("hello"), max_tokens=16).text
    assert first == second
    assert first != other


def test_past_the_time_limit_the_engine_stops_and_serves_the_next(text_folder):
    model = engine(text_folder, timeout_s=0.05)
    with pytest.raises(GenerationTimeoutError, match=r"0\.05 s"):
        model.generate(ask("hello"), on_text=lambda _: time.sleep(0.06))
    model._config = LlmConfig(timeout_s=60)
    assert model.generate(ask("hello"), max_tokens=2).tokens_out == 2


def test_an_error_in_the_listener_reaches_the_caller_and_the_next_request_is_served(text_model):
    def broken(_: str) -> None:
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        text_model.generate(ask("hello"), on_text=broken)
    assert text_model.generate(ask("hello"), max_tokens=2).tokens_out == 2


def test_a_reply_that_its_listener_ends_is_returned_and_the_next_request_is_served(text_model):
    ends_at_its_listeners_wish(text_model)


def test_a_busy_engine_counts_against_the_time_limit(text_folder):
    model = engine(text_folder, timeout_s=0.05)
    with model._lock, pytest.raises(GenerationTimeoutError, match="before its first token"):
        model.generate(ask("hello"))


def test_too_long_a_request_is_coded(text_model):
    with pytest.raises(GenerationContextError, match="1024") as caught:
        text_model.generate(ask("secret " * 400))
    assert "secret" not in str(caught.value)


def test_requests_from_several_threads_wait_for_one_another(text_model):
    texts: list[str] = []
    work = [
        threading.Thread(target=lambda: texts.append(text_model.generate(ask("hello"), max_tokens=8).text))
        for _ in range(3)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(texts) == 3
    assert len(set(texts)) == 1


def test_characters_of_several_bytes_arrive_whole(text_model):
    class Kept:
        def __init__(self) -> None:
            self.pieces: list[str] = []

        def check(self) -> None:
            """In time."""

        def add(self, piece: str) -> None:
            self.pieces.append(piece)

    kept = Kept()
    pieces = _Pieces(text_model._loaded, kept)
    import torch

    pieces.put(torch.tensor([[2]]))
    for id_ in text_model._loaded.tokenizer("bukhār बुखार है", add_special_tokens=False).input_ids:
        pieces.put(torch.tensor([id_]))
    pieces.end()
    assert "".join(kept.pieces) == "bukhār बुखार है"
    assert all("\N{REPLACEMENT CHARACTER}" not in piece for piece in kept.pieces)


def test_a_template_without_system_turn_gets_it_in_the_first_user_turn(tmp_path):
    model = engine(write_text_checkpoint(tmp_path / "m", NO_SYSTEM_TEMPLATE))
    text = model._loaded.tokenizer.decode(model._ids(ask("hello")))
    assert "you write notes" in text
    assert text.index("you write notes") < text.index("hello")


def test_gguf_files_load(tiny_gguf):
    reply = engine(tiny_gguf).generate(ask("hello"), SCHEMA)
    assert list(json.loads(reply.text)) == ["tier", "words"]
    assert reply.model == "tiny-gemma3.gguf"


def test_an_adapter_changes_the_reply_and_is_recorded(text_folder, tmp_path, text_model):
    peft = pytest.importorskip("peft", reason="peft is not installed: pip install 'vaidya[train]'")
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    tuned = peft.get_peft_model(
        AutoModelForCausalLM.from_pretrained(text_folder),
        peft.LoraConfig(r=2, target_modules=["down_proj"], init_lora_weights=False, lora_alpha=64),
    )
    tuned.save_pretrained(tmp_path / "adapter")
    model = engine(text_folder, adapter=str(tmp_path / "adapter"))
    assert len(model.weights) == 2
    assert model.generate(ask("hello"), SCHEMA).text != text_model.generate(ask("hello"), SCHEMA).text


def test_what_cannot_be_loaded_is_refused(tmp_path, text_folder):
    (tmp_path / "model.safetensors").write_bytes(b"rubbish")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WeightsError, match="checkpoint"):
        engine(tmp_path)
    with pytest.raises(ConfigError, match="chat template"):
        engine(write_text_checkpoint(tmp_path / "base", None))
    with pytest.raises(ConfigError, match=r"llm\.options"):
        engine(text_folder, options={"speculative": "x"})


def test_a_device_that_is_not_there_is_refused():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert pick_device("auto") in {"cpu", "mps"}
    with pytest.raises(ConfigError, match="cuda"):
        pick_device("cuda")


def test_closing_twice_is_safe(text_folder):
    model = engine(text_folder)
    model.close()
    model.close()
    with pytest.raises(GenerationError, match="closed"):
        model.generate(ask("hello"))
