"""Identifiers that follow a format: numbers with check digits, codes, addresses on networks, dates.

Sources: UIDAI (Aadhaar: 12 digits, Verhoeff, never starting 0 or 1), Income Tax Department (PAN), GST council (GSTIN:
state code + PAN + entity + Z + check), ABDM (ABHA number, 14 digits; ABHA address), Election Commission (EPIC),
Passport Seva (letter and seven digits), MoRTH (registration marks), NPCI (UPI handle), ISO/IEC 7812 (Luhn), HIPAA safe
harbour (45 CFR 164.514(b)(2): what counts as an identifier at all; a bare year does not).
"""

from collections.abc import Callable
from dataclasses import dataclass

import regex

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for one kind of identifier. The span is group 1 where the pattern has one; check may refuse a match."""

    kind: str
    pattern: regex.Pattern
    check: Check | None = None


# Multiplication in the dihedral group D5 and the position permutation (Verhoeff, 1969).
_D5 = tuple(
    tuple(
        ((i + j) % 5 if i < 5 else 5 + (i - j) % 5) if j < 5 else (5 + (i + j) % 5 if i < 5 else (i - j) % 5)
        for j in range(10)
    )
    for i in range(10)
)
_SHIFT = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def digits(text: str) -> str:
    """The decimal digits of a text, without separators."""
    return "".join(c for c in text if c.isdigit())


def verhoeff(number: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of the others.

    >>> verhoeff("2363"), verhoeff("2364")
    (True, False)
    """
    checksum = 0
    for position, character in enumerate(reversed(number)):
        digit = int(character)
        for _ in range(position % 8):
            digit = _SHIFT[digit]
        checksum = _D5[checksum][digit]
    return checksum == 0


def luhn(number: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others.

    >>> luhn("79927398713"), luhn("79927398714")
    (True, False)
    """
    total = 0
    for position, character in enumerate(reversed(number)):
        doubled = int(character) * (1 + position % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _aadhaar(text: str) -> bool:
    number = digits(text)
    return len(number) == 12 and verhoeff(number)


def _card(text: str) -> bool:
    return luhn(digits(text))


def _rule(kind: str, pattern: str, check: Check | None = None, *, exact: bool = False) -> Rule:
    return Rule(kind, regex.compile(pattern, 0 if exact else regex.IGNORECASE), check)


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|जनवरी|फरवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|अक्टूबर|नवंबर|दिसंबर)\.?"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_MM, _DD = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"
_CALL = r"(?:phone|mobile|call(?: me)?(?: at| on)?|contact|whatsapp|number is|फोन|मोबाइल|नंबर)"
_SPOKEN = (
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|shunya|ek|do|teen|char|chaar|paanch|panch|"
    r"chhe|cheh|saat|aath|nau|शून्य|एक|दो|तीन|चार|पांच|पाँच|छह|छः|छे|सात|आठ|नौ|டபுள்|డబుల్|डबल)"
)
# A label, then the value: "MRN: 12-345", "policy number is AB-778". The value holds a digit.
_LABEL = (
    r"(?:mrn|uhid|crn|ssn|pid|epic|abha|aadha+r|pan|dl|tin|rid|hicn|insurance|"
    r"(?:medical|hospital|patient|health|insurance|policy|policyholder|account|acct|member|membership|beneficiary|plan|"
    r"registration|reg|employee|user|tribal|victim|voter|passport|driver'?s?|driving|licen[cs]e|licen[cs]e plate|"
    r"ration card|card|ticket|case|chart|record|unique|identification|ip|op|opd|ipd|bed|token|routing|tax|claim)"
    r"(?:\s+(?:record|chart|card|plan|policy|beneficiary|identification|identifier|account|member|patient|licen[cs]e|"
    r"registration|insurance|id))*\s*(?:number|num|no\.?|id|#|nr)|id)"
)
_VALUE = r"#?\*?(?=[A-Z0-9*/_-]*\d{2})[A-Z0-9][A-Z0-9*/_-]{3,}"

RULES: tuple[Rule, ...] = (
    _rule("EMAIL", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    _rule("UPI", r"\b[\w.+-]{2,}@[a-z][a-z0-9]{1,}\b(?!\.\w)"),
    _rule("URL", r"\b(?:https?://|www\.)[^\s<>\"]+[\w/]"),
    _rule("IP", r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b(?!\.\d)"),
    _rule("IP", r"(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])"),
    _rule("GSTIN", r"(?<!\w)(?:0[1-9]|[12]\d|3[0-8]|97|99)[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z](?!\w)"),
    _rule("AADHAAR", r"(?<![\w])[2-9]\d{3}[ :.-]?\d{4}[ :.-]?\d{4}(?![\w])", _aadhaar),
    _rule("ABHA", r"(?<!\w)\d{2}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?!\w)"),
    _rule("PAN", r"(?<!\w)[A-Z]{5}\d{4}[A-Z](?!\w)"),
    _rule("VOTER_ID", r"(?<!\w)[A-Z]{3}\d{7}(?!\w)"),
    _rule("PASSPORT", r"(?<!\w)[A-PR-WY][1-9]\d ?\d{5}(?!\w)"),
    _rule("VEHICLE", r"(?<!\w)[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{3,4}(?!\w)"),
    _rule("VEHICLE", r"(?<!\w)(?:\d{2} ?BH ?\d{4} ?[A-Z]{1,2}|[A-Z]{2,3}\d{4})(?!\w)", exact=True),
    _rule("CARD", r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w])", _card),
    _rule("IBAN", r"(?<!\w)[A-Z]{2}\d{2} ?(?:[A-Z0-9] ?){11,30}(?!\w)", exact=True),
    _rule("ACCOUNT", r"(?<!\w)[A-Z]{4,}\d{8,}(?!\w)"),
    _rule("SSN", r"(?<![\w-])[\dX]{3}-[\dX]{2}-[\dX]{4,5}(?![\w-])"),
    _rule("PHONE", r"(?<![\w.])(?:\+?91[ -]?|0)?[6-9]\d{4}[ -]?\d{5}(?![\w])"),
    _rule("PHONE", r"(?<![\w])\+\d{1,3}[ .-]?(?:\(?\d{1,5}\)?[ .-]?){2,5}\d{2,}(?:x\d+)?"),
    _rule("PHONE", r"(?<![\w-])(?:00\d-?)?\(?\d{3}\)?[ .-]?\d{3}[.-]\d{4}(?:x\d+)?(?![\w-])"),
    _rule("PHONE", r"(?<![\w.])0\d{1,4}[ -]\d{2,4}(?:[ -]?\d{2,4}){1,3}(?![\w])"),
    _rule("PHONE", rf"{_CALL}\D{{0,12}}(\d(?:[ .()-]*\d){{6,14}})"),
    _rule("DATE", rf"(?<![\w/.-]){_YEAR}[-/.]{_MM}[-/.]{_DD}(?:[T ]\d\d:\d\d(?::\d\d)?)?(?!\d)"),
    _rule("DATE", r"(?<![\w/.-])(?:3[01]|[12]\d|0?[1-9])[-/.](?:3[01]|[12]\d|0?[1-9])[-/.](?:(?:19|20)?\d\d)(?![\d/])"),
    _rule("DATE", rf"\b{_MONTH} {_DAY}(?:,? (?:of )?(?:{_YEAR}|['’]\d\d))?(?!\w)"),
    _rule("DATE", rf"(?<!\w){_DAY}(?: of)?[ -]{_MONTH}(?:,?[ -](?:{_YEAR}|['’]\d\d))?(?!\w)"),
    _rule("DATE", rf"\b{_MONTH},? {_YEAR}\b"),
    _rule("DATE", rf"(?:\bdob|date of birth|\bborn(?: in| on)?|जन्म(?:तिथि)?)\D{{0,12}}({_YEAR})\b"),
    _rule("ID", rf"\b{_LABEL}\s*(?:is|was|as|of|:|#|=)?\s*[:#]?\s*({_VALUE})"),
    _rule("ID", r"(?<![\w-])#?[A-Z]{1,6}-\d{3,}[A-Z]?(?:-[A-Z0-9]+)*(?![\w])", exact=True),
    _rule("ID", r"(?<!\w)#(?=[A-Z]*-?\d{4})[A-Z0-9-]{4,}"),
    _rule("PASSWORD", r"\b(?:password|passcode|pin|otp)\s*(?:is|was|:|=)\s*['\"]?(\S*[\d\W]\S*?)['\"]?(?=[\s,.;)]|$)"),
    _rule("NUMBER", r"(?<![\w.,/-])\d(?:[ -]?\d){7,}(?![\w]|[.,]\d)"),
    _rule("NUMBER", rf"\b{_SPOKEN}(?:[\s,-]+{_SPOKEN}){{5,}}\b"),
)
