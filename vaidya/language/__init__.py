"""Words below all stages: one written form, denials, whose symptom it is, spoken numbers, questions and answers.

Pure functions over plain strings, for English and, where noted, Hindi, Tamil, Telugu and Kannada.
"""

from vaidya.language.dialogue import Answer, answer
from vaidya.language.experiencer import Experiencer, experiencer
from vaidya.language.negation import Negation, has_negation, is_negated, negated_spans
from vaidya.language.normalise import Sentence, content_words, normalise, sentences, stem, words
from vaidya.language.numbers import Quantity, numbers, to_digits
from vaidya.language.temporality import is_imagined, is_past

__all__ = [
    "Answer",
    "Experiencer",
    "Negation",
    "Quantity",
    "Sentence",
    "answer",
    "content_words",
    "experiencer",
    "has_negation",
    "is_imagined",
    "is_negated",
    "is_past",
    "negated_spans",
    "normalise",
    "numbers",
    "sentences",
    "stem",
    "to_digits",
    "words",
]
