"""Ways to ask a model for the same note, an arm each: what a prompt is worth, before and after checks and extractors.

    python experiments/note_prompts.py whole reasoned sections checked similar

An arm wraps the language model, so that everything around it (checks, repair, a second request, missing facts) is the
product's own. The cases are our own, by what was really said, in the suite's shuffled order. Rows go to MLflow;
finished cases are kept, so that an interrupted run goes on.

    whole     as the product asks: one request, the tier first
    reasoned  one request, the tier after the statements
    sections  a request for each section, in one conversation
    checked   the model is shown its draft and asked to correct it
    similar   the prompt's examples are the two nearest others of our own cases, written from their references
"""

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from vaidya.config import LlmConfig, load_profile
from vaidya.evaluation.entry import as_text
from vaidya.evaluation.kept import folder_of_cases
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import ALL, Row
from vaidya.evaluation.run import jobs, run_case
from vaidya.evaluation.score import score_arm
from vaidya.evaluation.suite import Suite, load_suite
from vaidya.evaluation.table import rows_table
from vaidya.llm.base import JsonSchema, LanguageModel, load_language_model
from vaidya.note import load_note_writer
from vaidya.note.base import NoteInput
from vaidya.note.prompt import render
from vaidya.pipeline import Pipeline, fit_to_machine
from vaidya.schema import Case, Findings, FindingsState, Generation, Message, NoteState, Origin, SoapNote
from vaidya.tracking import tracker
from vaidya.transcript import transcript_from_text

# One request of `sections` asks for these keys; the first for the tier too.
PARTS = (("t", "s"), ("o",), ("a",), ("p",))
CORRECT = (
    "Check your reply against the transcript. Remove what was not said. Add each complaint, duration, denial, medicine "
    "with dose and allergy that is missing. Reply with the whole corrected JSON object."
)
SHOWN = (
    "model_tier_right",
    "omitted_critical_facts",
    "unsupported_statements",
    "unmarked_unsupported",
    "statements_as_spoken",
    "numbers_lost",
    "denials_lost",
    "schema_valid_first",
    "statements",
    "tokens_per_note_mean",
    "seconds_per_note_p50",
)


class Whole:
    """The product's way, and what every other arm changes of it."""

    def __init__(self, config: LlmConfig) -> None:
        self._model: LanguageModel = load_language_model(config)
        self.name = self._model.name
        self.weights = self._model.weights

    def warm(self, messages: Sequence[Message]) -> None:
        """As the model does."""
        self._model.warm(messages)

    def close(self) -> None:
        """As the model does."""
        self._model.close()

    def generate(self, messages: Sequence[Message], schema: JsonSchema | None = None, **more: Any) -> Generation:
        """One reply to the whole request; more: as the model takes it."""
        return self._model.generate(messages, schema, **more)


class Reasoned(Whole):
    """The tier after the statements that it should follow from."""

    def generate(self, messages: Sequence[Message], schema: JsonSchema | None = None, **more: Any) -> Generation:
        """One reply whose last key is the tier."""
        assert schema is not None
        asked = _with_keys(schema, _tier_after(schema["properties"]))
        return super().generate([_tier_last(message) for message in messages], asked, **more)


class Sections(Whole):
    """A request for each section. The examples are conversations of the same form, so that they are read once."""

    def generate(self, messages: Sequence[Message], schema: JsonSchema | None = None, **more: Any) -> Generation:
        """The merged reply; tokens and seconds are the sums."""
        assert schema is not None
        asked: list[Message] = [messages[0]]
        for user, reply in zip(messages[1:-1:2], messages[2:-1:2], strict=True):
            given = json.loads(reply.content)
            for keys in PARTS:
                asked += [_ask(user.content, keys), Message(role="assistant", content=_json(given, keys))]
        made: list[Generation] = []
        merged: dict[str, Any] = {}
        for keys in PARTS:
            wanted = [key for key in keys if key in schema["properties"]]
            if not wanted:
                continue
            asked.append(_ask(messages[-1].content, keys))
            made.append(super().generate(asked, _with_keys(schema, wanted), max_tokens=more.get("max_tokens")))
            asked.append(Message(role="assistant", content=made[-1].text))
            merged |= _read(made[-1].text)
        return _sum(made, json.dumps(merged, ensure_ascii=False))


class Checked(Whole):
    """A draft, then the same model's correction of it."""

    def generate(self, messages: Sequence[Message], schema: JsonSchema | None = None, **more: Any) -> Generation:
        """The corrected reply; tokens and seconds are the sums."""
        limit = more.get("max_tokens")
        draft = super().generate(messages, schema, max_tokens=limit)
        shown = [Message(role="assistant", content=draft.text), Message(role="user", content=CORRECT)]
        second = super().generate([*messages, *shown], schema, max_tokens=limit)
        return _sum([draft, second], second.text)


class Similar(Whole):
    """Examples chosen by what they say: cosine of TF-IDF over the consultation as the model reads it."""

    examples: Sequence[tuple[str, str]] = ()  # a consultation and its reply

    @cached_property
    def _vectors(self) -> tuple[Any, Any]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english")
        return vectors, vectors.fit_transform([body for body, _ in self.examples])

    def generate(self, messages: Sequence[Message], schema: JsonSchema | None = None, **more: Any) -> Generation:
        """One reply after the two nearest examples, never the consultation itself."""
        vectors, matrix = self._vectors
        asked = messages[-1].content
        nearness = (matrix @ vectors.transform([asked]).T).toarray().ravel()
        others = [i for i, (body, _) in enumerate(self.examples) if not asked.startswith(body)]
        nearest = sorted(others, key=lambda i: -nearness[i])[:2]
        chosen = [
            message
            for body, reply in (self.examples[i] for i in reversed(nearest))
            for message in (Message(role="user", content=body), Message(role="assistant", content=reply))
        ]
        return super().generate([messages[0], *chosen, messages[-1]], schema, **more)


ARMS: dict[str, type[Whole]] = {
    "whole": Whole,
    "reasoned": Reasoned,
    "sections": Sections,
    "checked": Checked,
    "similar": Similar,
}


def _tier_after(keys: Iterable[str]) -> list[str]:
    return [*(key for key in keys if key != "t"), "t"]


def _with_keys(schema: JsonSchema, keys: Sequence[str]) -> dict[str, Any]:
    return {**schema, "properties": {key: schema["properties"][key] for key in keys}, "required": list(keys)}


def _tier_last(message: Message) -> Message:
    if message.role == "assistant":
        given = json.loads(message.content)
        return Message(role="assistant", content=_json(given, _tier_after(given)))
    if message.role == "system":
        urgency = re.search(r"^t: .*\n", message.content, re.MULTILINE)
        assert urgency is not None
        rest = message.content.replace(urgency[0], "")
        return Message(role="system", content=re.sub(r"^(p: .*\n)", rf"\1{urgency[0]}", rest, flags=re.MULTILINE))
    return message


def _ask(body: str, keys: Sequence[str]) -> Message:
    which = " and ".join(keys)
    return Message(role="user", content=f"{body}\nReply with {which} only." if "t" in keys else f"Now {which} only.")


def _json(given: Mapping[str, Any], keys: Sequence[str]) -> str:
    return json.dumps({key: given[key] for key in keys}, ensure_ascii=False, separators=(",", ":"))


def _read(text: str) -> dict[str, Any]:
    import json_repair

    found = json_repair.loads(text)
    return found if isinstance(found, dict) else {}


def _sum(made: Sequence[Generation], text: str) -> Generation:
    """Several requests as one; it ended as the worst of them did."""
    cut = next((g for g in made if g.finish_reason is not made[0].finish_reason), made[0])
    return made[0].model_copy(
        update={
            "text": text,
            "finish_reason": cut.finish_reason,
            "tokens_in": sum(g.tokens_in or 0 for g in made),
            "tokens_cached": sum(g.tokens_cached or 0 for g in made),
            "tokens_out": sum(g.tokens_out or 0 for g in made),
            "decode_s": sum(g.decode_s or 0 for g in made),
            "opening": (),
        }
    )


def example_of(case: Case) -> tuple[str, str] | None:
    """A case as an example: what the model would read, and the reply that its reference facts make."""
    said = [fact for fact in case.facts if fact.section == "subjective"]
    if not said or case.tier is None:
        return None
    source = NoteInput(
        transcript=transcript_from_text(as_text(case.turns, english=True), "en"),
        findings=Findings(state=FindingsState.NO_AUDIO, encoder="none", weight=0.0, weight_reason="text"),
        vitals=case.vitals,
        patient=case.patient,
        complaint=case.complaint,
    )
    found, planned = ([f.text for f in case.facts if f.section == name] for name in ("objective", "plan"))
    reply = {"t": case.tier.value, "s": [f.text for f in said], "o": found, "a": [said[0].text], "p": planned}
    return render(source), _json(reply, list(reply))


def own_note(note: SoapNote) -> SoapNote:
    """What the model itself wrote, withheld statements included: the note before checks and extractors."""
    lists = {name: [s for s in note.section(name) if s.origin is Origin.MODEL] for name in ("subjective", "objective")}
    rest = [s for name in ("assessment", "plan") for s in note.section(name) if s.origin is Origin.MODEL]
    found = {**lists, "assessment": [*rest, *note.withheld], "plan": []}
    return note.model_copy(update={name: tuple(statements) for name, statements in found.items()} | {"withheld": ()})


def scored(suite: Suite, name: str, outcomes: Sequence[Outcome]) -> list[Row]:
    """Rows of the notes as they are shown, and of what the model itself wrote in those that it drafted."""
    alone = [
        replace(o, record=o.record.model_copy(update={"note": own_note(o.record.note)}))
        for o in outcomes
        if o.record is not None and o.record.note.state is NoteState.DRAFTED
    ]
    rows = score_arm(suite, ("triage", "note"), outcomes, dataset="cases", arm=name)
    rows += score_arm(suite, ("note",), alone, dataset="cases", arm=f"{name}: the model's own")
    return [row for row in rows if row.metric in SHOWN and row.cohort == ALL]


def main() -> None:
    """Run arms, print and log their rows."""
    from rich.console import Console
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arms", nargs="+", choices=ARMS)
    parser.add_argument("--profile", default="embedded")
    parser.add_argument("--limit", type=int, default=26, help="so many of our own cases")
    given = parser.parse_args()
    config = fit_to_machine(load_profile(given.profile))
    suite = load_suite("note_quality").only(("cases",), ("vaidya",))
    cases = [case for job in jobs(suite, config, given.limit) for case in job.cases]
    everyone = [case for job in jobs(suite, config, 1_000) for case in job.cases]
    with tracker().run("note_prompts", experiment="evaluation") as run:
        run.params({"profile": config.profile, "limit": given.limit, "arms": ",".join(given.arms)})
        for arm in given.arms:
            model = ARMS[arm](config.llm)
            if isinstance(model, Similar):
                model.examples = [found for case in everyone if (found := example_of(case)) is not None]
            pipeline = Pipeline(config, model=model, writer=load_note_writer(config.note, model))
            folder = folder_of_cases(config, "english").with_suffix(f".prompt-{arm}")
            outcomes = [run_case(case, "english", pipeline, folder) for case in tqdm(cases, desc=arm)]
            pipeline.close()
            rows = scored(suite, arm, outcomes)
            with run.nested(arm) as nested:
                nested.metrics({row.metric: row.value for row in rows if row.arm == arm})
                nested.table("rows", [row.model_dump(mode="json") for row in rows], public=True)
            Console(width=150).print(rows_table(rows, f"{arm} · run {run.run_id}"))


if __name__ == "__main__":
    main()
