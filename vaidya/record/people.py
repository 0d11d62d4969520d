"""Names of people, institutions and places in free text, from word lists and the words around them.

No model: every match can be traced to a list in names.yaml or to a pattern here. A name that is on no list and stands
beside no title, introduction or known name is missed; how often is measured in docs/redaction.md.
"""

import functools
from importlib import resources

import regex
import yaml

from vaidya.record.identifiers import Rule

# A capitalised word, or an initial with or without its point.
WORD = r"\p{Lu}[\p{L}\p{M}'’-]*\p{Ll}[\p{L}\p{M}]*"
INITIAL = r"\p{Lu}(?:\.|(?![\p{L}\d-]))"
PARTICLE = r"(?:de|da|del|van|von|der|bin|al|ur)"
NATIVE = r"[\p{Devanagari}\p{Tamil}\p{Telugu}\p{Kannada}\p{Bengali}\p{Malayalam}\p{Gujarati}\p{Gurmukhi}\p{M}]+"


@functools.cache
def lists() -> dict[str, list[str]]:
    """The word lists of names.yaml."""
    text = (resources.files("vaidya.record") / "names.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def _any(name: str) -> str:
    return "(?:" + "|".join(sorted(map(regex.escape, lists()[name]), key=len, reverse=True)) + ")"


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Rules for names and places, compiled once."""
    return (*_name_rules(), *_native_rules(), *_place_rules(), *_address_rules())


def _compiled(kind: str, pattern: str, flags: int = 0) -> Rule:
    return Rule(kind, regex.compile(pattern, flags))


def _not_a_name() -> str:
    return rf"(?!{_any('not_names')}(?![\p{{L}}]))"


def _name_rules() -> list[Rule]:
    stop = _not_a_name()
    part = rf"{stop}(?:{WORD}|{INITIAL})"
    more = rf"(?:(?:[ ]{PARTICLE})?[ ]{part}){{0,3}}"
    more_needed = more.replace("{0,3}", "{1,3}")
    sure = rf"(?!{_any('ambiguous')}\b){_any('given')}(?![\p{{L}}-])"
    introduced = rf"(?!{_any('not_introduced')}\b)[\p{{L}}.'-]+"
    return [
        _compiled("NAME", rf"\b(?i:{_any('titles')})\.?[ ]+((?:{INITIAL}[ ]?|{PARTICLE}[ ])*{part}{more})"),
        _compiled("NAME", rf"\b(?i:{_any('introductions')})[ :]+(?i:({introduced}(?:[ ]{introduced}){{0,2}}))"),
        _compiled("NAME", rf"\b(?i:this is|named|called|i am|i'm)[ ]({part}[ ]{part}|{sure})"),
        _compiled("NAME", rf"\b(?i:name|patient name|signature)\s*:\s*({part}{more})"),
        _compiled("NAME", rf"(?<![\p{{L}}-])(?:{INITIAL}[ ]?)*{sure}{more}"),
        _compiled("NAME", rf"(?<![\p{{L}}-])(?:{_any('given')}|{_any('ambiguous')})(?![\p{{L}}-]){more_needed}"),
        _compiled("NAME", rf"(?<![\p{{L}}-]){part}(?:[ ]{part})?[ ]{_any('surnames')}(?![\p{{L}}-])"),
        _compiled("NAME", rf"(?<![\p{{L}}-]){stop}{WORD}[ ]\p{{Lu}}\.(?![\p{{L}}\d])"),
        _compiled("NAME", rf"(?<=\b(?:for|by|patient|pt\.?|with|named|of),? ){stop}{WORD}[ ]\p{{Lu}}(?![\p{{L}}\d-])"),
        # Two capitalised words in the middle of a sentence, neither of them a known word.
        _compiled("NAME", rf"(?<=[\p{{Ll}},;] ){stop}{WORD}(?:[ ]{INITIAL})?[ ]{stop}{WORD}(?![\p{{L}}-])"),
    ]


def _native_rules() -> list[Rule]:
    stop = rf"(?!{_any('not_introduced')}(?![\p{{L}}\p{{M}}]))"
    word = rf"{stop}{NATIVE}"
    return [
        _compiled("NAME", rf"(?<![\p{{L}}\p{{M}}]){_any('titles_native')}\.?[ ]+({word}(?:[ ]{word})?)"),
        _compiled("NAME", rf"(?<![\p{{L}}\p{{M}}]){_any('introductions_native')}[ :,]+({word}(?:[ ]{word})?)"),
    ]


def _place_rules() -> list[Rule]:
    named = rf"(?:{WORD}|\p{{Lu}}{{2,}}|St\.|Mt\.)"
    some = rf"{named}(?:[ -](?:of[ ]|&[ ])?{named}){{0,4}}"
    kinds = rf"{_any('institutions')}(?:[ ]{_any('institutions')})*(?![\p{{L}}])"
    lives = r"\b(?:lives in|living in|resident of|resides in|residing in|residing at|village|from)"
    visits = r"\b(?:at|at our|at the|to our|to the|visited our|admitted to|visited)"
    return [
        _compiled("PLACE", rf"(?<![\p{{L}}-]){some}[ ]{kinds}"),
        _compiled("PLACE", rf"\b(?:St|Mt|Mount|Saint)\.?[ ]{WORD}(?:[ ]{_any('institutions')})?"),
        _compiled("PLACE", rf"(?<![\p{{L}}-]){_any('places')}(?:,[ ]?{_any('states')})?(?![\p{{L}}-])"),
        _compiled("PLACE", rf"(?<={lives}[ ]){WORD}(?:[ ]{WORD}){{0,2}}"),
        _compiled("PLACE", rf"{WORD}(?:[ ]{WORD})?,[ ]{_any('states')}(?!\w)"),
        _compiled("PLACE", rf"(?<={visits}[ ]){_not_a_name()}{named}(?:[ -]{named}){{0,4}}"),
    ]


def _address_rules() -> list[Rule]:
    number = r"(?:\d{1,5}[A-Za-z]?(?:[/-]\d+[A-Za-z]?)?)"
    street = rf"{number},?[ ](?:[\p{{L}}\d.'’]+[ ]){{1,4}}(?i:{_any('streets')})\b\.?"
    what = r"(?:Flat|House|H\.?|Door|D\.?|Plot|Room|Apt\.?|Suite|Unit|Shop)"
    part = r"(?:,[ ]?[\p{L}\d][\p{L}\d '’-]{2,40}){1,4}"
    flat = what + r"[ ]?(?:No\.?|Number|#)?[ ]?[A-Z]?[ -]?\d+[\w/-]*"
    tail = r"(?:,[ ]?[\p{L}\d][\p{L}\d .'’-]{1,30}){0,5}?,?[ ](?:[A-Z]{2}[ ])?\d{5,6}(?:-\d{4})?"
    code = r"(?i)(?:\bpin ?code\b|\bpostal code\b|\bzip(?: ?code)?\b|पिन ?कोड)\D{0,6}(\d{3} ?\d{3}|\d{5}(?:-\d{4})?)"
    return [
        _compiled("ADDRESS", rf"(?<![\w.])(?:{flat},?[ ])?{street}(?:{tail})?"),
        _compiled("ADDRESS", rf"(?<!\w){flat}{part}(?:[ –-]{{1,3}}\d{{6}})?"),
        _compiled("ADDRESS", r"(?i)\bP\.?O\.? Box \d+"),
        _compiled("ADDRESS", code),
        _compiled("ADDRESS", rf"(?<=\b{WORD}[ ,–-]{{1,3}})[1-9]\d{{2}} ?\d{{3}}(?![\w.,]\d|\w)"),
        _compiled("ADDRESS", rf"\b{_any('states')},? \d{{5}}(?:-\d{{4}})?\b"),
    ]
