"""What stands between the numbers and the cases: facts by the stage that lost them, tiers by entry, sounds by clip."""

from collections.abc import Sequence
from typing import Any

from vaidya.evaluation.acoustic import Judged
from vaidya.evaluation.acoustic_table import Listened
from vaidya.evaluation.attribution import WITHOUT, TierFlips, fact_paths, tier_flips
from vaidya.evaluation.rows import PIPELINE_ARM
from vaidya.evaluation.run import ArmOutcomes
from vaidya.schema import Tier


def lost_facts(runs: Sequence[ArmOutcomes]) -> list[dict[str, Any]]:
    """Every critical fact that some arm lost: its case, and for each arm the stage that lost it."""
    arms = list(dict.fromkeys(run.arm for run in runs))
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for run in runs:
        for outcome in run.outcomes:
            for path in fact_paths(outcome.case, outcome.record) if outcome.record is not None else ():
                new = {"dataset": run.dataset.name, "case": outcome.case.id, "fact": path.fact.text}
                shown = found.setdefault(
                    (run.dataset.name, outcome.case.id, path.number), {**new, "arms": dict.fromkeys(arms)}
                )
                shown["arms"][run.arm] = path.lost_in or "kept"
    return [row for row in found.values() if any(stage not in (None, "kept") for stage in row["arms"].values())]


def flipped_tiers(runs: Sequence[ArmOutcomes]) -> list[dict[str, Any]]:
    """The cases whose tier another entry or one silent source changes."""
    return [_flip(flips) for flips in tier_flips(runs)]


def _flip(flips: TierFlips) -> dict[str, Any]:
    entries = [arm for arm in flips.flipped_by if not arm.startswith(WITHOUT)]
    sources = [arm for arm in flips.flipped_by if arm.startswith(WITHOUT)]
    return {
        "dataset": flips.dataset,
        "case": flips.case_id,
        "reference": tier_names(flips.reference),
        "decided": tier_view(flips.tiers[PIPELINE_ARM]),
        "entries": [{"arm": arm, "tier": tier_view(flips.tiers[arm])} for arm in entries],
        "sources": [{"arm": arm.removeprefix(WITHOUT), "tier": tier_view(flips.tiers[arm])} for arm in sources],
    }


def tier_view(tier: Tier) -> dict[str, str]:
    """A tier's name and colour."""
    return {"name": tier_name(tier), "colour": tier.colour}


def tier_name(tier: Tier) -> str:
    """A tier in words that may break at a hyphen."""
    return tier.value.replace("_", "-")


def tier_names(tiers: Sequence[Tier]) -> str:
    """The accepted tiers in words; the ends of more than two."""
    found = [tier_name(tier) for tier in sorted(tiers)]
    return f"{found[0]} to {found[-1]}" if len(found) > 2 else " or ".join(found)


def clip_views(listened: Sequence[Listened]) -> list[dict[str, Any]]:
    """Every clip that was listened to: what it is, what was heard in it, wrong ones first."""
    rows = [_clip(one.dataset, clip) for one in listened for clip in one.clips]
    return sorted(rows, key=lambda row: (row["right"], row["label"]))


def _clip(dataset: str, clip: Judged) -> dict[str, Any]:
    return {
        "id": clip.case_id,
        "dataset": dataset,
        "label": clip.reference,
        "heard": clip.decided or clip.reason or "nothing decided",
        "right": clip.decided == clip.reference,
        "probability": f"{max(clip.scores.values()):.2f}" if clip.scores else "",
        "rate": "" if clip.rate is None else f"{clip.rate:.1f}",
        "reference_rate": "" if clip.reference_rate is None else f"{clip.reference_rate:.1f}",
    }
