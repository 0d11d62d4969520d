"""How sure the model was of its tier, from the tokens that it weighed while it wrote it.

The reply's first field is the tier, and the four words differ in their first letter. At the token that holds this
letter the probability of every alternative goes to the tier whose word it begins, and the sums are normalised over the
four, as Jiang et al. (TACL 2021) normalise over the candidate answers before they measure calibration.

Assumed: only the rest of one of the four words may follow, which holds where the schema is kept while the reply is
written. The sums are then the model's choice at temperature 1, whatever the temperature it was decoded at. They are
what the decoder computed, not how often such a tier is right.
"""

import math
import re
from collections.abc import Sequence

from vaidya.note.reply import streamed_tier
from vaidya.schema import Generation, Tier, Token

_BEFORE = re.compile(r'"t"\s*:\s*"')
UNLISTED_MAX = 0.01  # of the four tiers' probability; an alternative that is not listed could hold no more than this
DIGITS = 4  # of the shares that are kept


def tier_probabilities(generations: Sequence[Generation], tier: Tier | None) -> dict[Tier, float]:
    """The share of each tier in the last reply that gave `tier`, to four digits.

    Empty where it cannot be told: the engine gave no alternatives, or too few of them for what is missing to be small.
    """
    said = [generation for generation in generations if tier and streamed_tier(generation.text) is tier]
    listed = _first_letters(said[-1].opening) if said else []
    sums = {each: sum(p for word, p in listed if _begins(word, each)) for each in Tier}
    total = sum(sums.values())
    if not total or _unlisted([p for _, p in listed]) > UNLISTED_MAX * total:
        return {}
    return {each: round(mass / total, DIGITS) for each, mass in sums.items()}


def _first_letters(opening: Sequence[Token]) -> list[tuple[str, float]]:
    """What could have stood where the tier's word begins, and its probability; "" where no word begins there.

    Empty where the token that was written is not among its alternatives: then those that the schema allows are not.
    """
    found = _BEFORE.search("".join(token.text for token in opening))
    if found is None:
        return []
    left = found.end()
    for token in opening:
        if len(token.text) > left:
            before = token.text[:left]  # the opening quote, where it shares a token with the letter
            listed = token.alternatives if token.text in token.alternatives else {}
            return [(text[left:] if text.startswith(before) else "", math.exp(p)) for text, p in listed.items()]
        left -= len(token.text)
    return []


def _begins(word: str, tier: Tier) -> bool:
    stem, quote, _ = word.partition('"')
    return stem == tier.value if quote else bool(stem) and tier.value.startswith(stem)


def _unlisted(listed: Sequence[float]) -> float:
    """The most that one alternative which is not listed may hold: less than each listed, and no more than is left."""
    return min(*listed, max(0.0, 1.0 - sum(listed)))
