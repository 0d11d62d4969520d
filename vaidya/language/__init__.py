"""Words below all stages: one written form, denials, whose symptom it is, spoken numbers, questions and answers.

Pure functions over plain strings, for English and, where noted, Hindi, Tamil, Telugu and Kannada.
"""

from vaidya.language.dialogue import Answer, answer, describes, is_plea
from vaidya.language.experiencer import (
    Experiencer,
    blood_relative,
    experiencer,
    family_history,
    names_relative,
    of_the_dead,
)
from vaidya.language.hold import Hold, firmest
from vaidya.language.negation import Negation, denial, has_negation, is_negated, negated_spans
from vaidya.language.normalise import Sentence, content_words, normalise, sentences, stem, words
from vaidya.language.numbers import Quantity, numbers, to_digits
from vaidya.language.temporality import imagined, is_imagined, past

__all__ = [
    "Answer",
    "Experiencer",
    "Hold",
    "Negation",
    "Quantity",
    "Sentence",
    "answer",
    "blood_relative",
    "content_words",
    "denial",
    "describes",
    "experiencer",
    "family_history",
    "firmest",
    "has_negation",
    "imagined",
    "is_imagined",
    "is_negated",
    "is_plea",
    "names_relative",
    "negated_spans",
    "normalise",
    "numbers",
    "of_the_dead",
    "past",
    "sentences",
    "stem",
    "to_digits",
    "words",
]
