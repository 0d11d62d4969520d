"""Numbers as people say them: words to digits, and quantities with their units.

English number words: "one hundred and twenty", "ninety three point five", "one oh two", "one twenty over eighty".
"""

import re
from dataclasses import dataclass

_ONES = "oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_VALUES = {word: value for value, word in enumerate(f"{_ONES} seventeen eighteen nineteen".split())} | {"zero": 0}
_TENS = {
    word: (index + 2) * 10
    for index, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
}
_SCALES = {"hundred": 100, "thousand": 1_000}
_WORDS = "|".join(sorted([*_VALUES, *_TENS, *_SCALES], key=len, reverse=True))
_RUN = re.compile(rf"\b(?:a (?=hundred|thousand))?(?:{_WORDS})\b(?:(?: and | point |[ -])(?:{_WORDS})\b)*")
# "one" as a pronoun: no one, this one, one of them, one day.
_PRONOUN_BEFORE = re.compile(r"\b(?:no|this|that|which|each|every|another|other|some|any|the|only|first|last) $")
_PRONOUN_AFTER = re.compile(r" (?:of|another|thing|side|at a time)\b")

# Spoken and written units -> one name each.
UNITS: dict[str, tuple[str, ...]] = {
    "%": ("%", "percent", "per cent"),
    "mg": ("mg", "milligram", "milligrams", "mgs"),
    "mcg": ("mcg", "microgram", "micrograms"),
    "g": ("g", "gram", "grams"),
    "ml": ("ml", "mls", "millilitre", "millilitres", "milliliter", "milliliters"),
    "kg": ("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"),
    "lb": ("lb", "lbs", "pound", "pounds"),
    "cm": ("cm", "centimetre", "centimetres", "centimeters"),
    "l": ("litre", "litres", "liter", "liters"),
    "unit": ("unit", "units"),
    "tablet": ("tablet", "tablets", "pill", "pills", "capsule", "capsules"),
    "puff": ("puff", "puffs"),
    "degree": ("degree", "degrees", "°c", "celsius", "degrees celsius", "°f", "fahrenheit"),
    "minute": ("minute", "minutes", "min", "mins"),
    "hour": ("hour", "hours", "hr", "hrs"),
    "day": ("day", "days"),
    "night": ("night", "nights"),
    "week": ("week", "weeks"),
    "month": ("month", "months"),
    "year": ("year", "years", "yrs", "yr"),
    "mmhg": ("mmhg",),
    "bpm": ("bpm", "beats"),
    "times": ("times", "x"),
    "pack": ("pack", "packs"),
    "cigarette": ("cigarette", "cigarettes"),
}
_UNIT_OF = {spelling: unit for unit, spellings in UNITS.items() for spelling in spellings}
_UNIT = "|".join(sorted((re.escape(spelling) for spelling in _UNIT_OF), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w.])(\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)(?:st|nd|rd|th)?(?:[ -]?({_UNIT})(?!\w))?(?![\w]|\.\d)"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit (a key of `UNITS`, None when none follows); offsets are of `to_digits` of the text."""

    value: float
    unit: str | None
    start: int
    end: int


def to_digits(text: str) -> str:
    """A normalised text with its number words as digits.

    >>> to_digits("one hundred and twenty over eighty, ninety three point five, no one else")
    '120 over 80, 93.5, no one else'
    >>> to_digits("i am fifty four and took two and a half tablets")
    'i am 54 and took 2.5 tablets'
    """
    said = re.sub(r" and a half\b", " point five", text)
    said = re.sub(r"\bhalf an? (hour|day|tablet|year)\b", r"0.5 \1", said)
    return re.sub(r"(\d) point five\b", r"\1.5", _RUN.sub(_replace, said))


def numbers(text: str) -> tuple[Quantity, ...]:
    """Every number of a normalised text with its unit, spoken ones included.

    >>> [(q.value, q.unit) for q in numbers("metformin five hundred mg for 3 days, spo2 93%")]
    [(500.0, 'mg'), (3.0, 'day'), (93.0, '%')]
    """
    return tuple(
        Quantity(float(match[1].replace(",", "")), _UNIT_OF.get(match[2] or ""), match.start(), match.end())
        for match in _NUMBER.finditer(to_digits(text))
    )


def _replace(match: re.Match[str]) -> str:
    phrase, text = match.group(), match.string
    pronoun = _PRONOUN_BEFORE.search(text[: match.start()]) or _PRONOUN_AFTER.match(text[match.end() :])
    if phrase == "oh" or (phrase == "one" and pronoun):
        return phrase
    whole, _, fraction = phrase.partition(" point ")
    digits = " ".join(str(number) for number in _group(re.split(r"[ -]", whole)))
    decimals = "".join(str(_value(word)) for word in re.split(r"[ -]", fraction) if word)
    return f"{digits}.{decimals}" if decimals else digits


def _value(word: str) -> int:
    return _VALUES.get(word, _TENS.get(word, _SCALES.get(word, 0)))


def _group(said: list[str]) -> list[int]:
    """Numbers in a run of number words: "one twenty" is 120, "one oh two" 102, "twenty thirty" two numbers."""
    groups: list[int] = []
    last = ""
    for word in said:
        if word in ("and", "a"):
            continue
        joined = _joined(groups[-1], word, last) if groups else None
        if joined is None:
            groups.append(_value(word))
        else:
            groups[-1] = joined
        last = word
    return groups


def _joined(so_far: int, word: str, last: str) -> int | None:
    """The number that `so_far` and the next word make together; None when the word begins another number."""
    value = _value(word)
    if word in _SCALES:
        return max(so_far, 1) * value if so_far < value else None
    if last == "oh" and value < 10:
        return so_far + value
    if 0 < so_far < 10 and last not in _SCALES and (10 <= value < 100 or word == "oh"):
        return so_far * 100 + value  # a pressure or a temperature: "one twenty", "one oh two"
    after_scale = last in _SCALES and value < so_far
    after_tens = last in _TENS and 0 < value < 10
    return so_far + value if after_scale or after_tens else None
