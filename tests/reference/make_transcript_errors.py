"""Numbers from jiwer for tests/evaluation/test_transcript_errors.py; run this file to make them again.

Each pair stands twice: as it might be written, and by hand in the plain form that the normalisation policy asks for.
jiwer sees the plain form alone and does no normalisation of its own.
"""

import json
from importlib.metadata import version
from pathlib import Path

import jiwer

# language, reference, hypothesis, and both in plain form
PAIRS = [
    (
        "en",
        "I can't breathe properly, and it's been two weeks.",
        "I cant breathe properly and its been 2 weeks",
        "i cant breathe properly and its been 2 weeks",
        "i cant breathe properly and its been 2 weeks",
    ),
    (
        "en",
        "My chest hurts when I breathe in.",
        "My chest hurt when I breathe, in the morning",
        "my chest hurts when i breathe in",
        "my chest hurt when i breathe in the morning",
    ),
    (
        "en",
        "Temperature 38.5, saturation 93%.",
        "temperature thirty eight point five saturation 93 percent",
        "temperature 38.5 saturation 93 percent",
        "temperature 38.5 saturation 93 percent",
    ),
    (
        "en",
        "It started on Monday – no fever, no cough.",
        "It started Monday; fever, a cough?",
        "it started on monday no fever no cough",
        "it started monday fever a cough",
    ),
    ("en", "yes", "", "yes", ""),
    ("en", "About 1,200 mg a day", "about 1200 mg per day", "about 1200 mg a day", "about 1200 mg per day"),
    (
        "hi",
        "मुझे तीन दिन से बुख़ार है।",
        "मुझे तिन दिन से बुखार हैं",
        "मुझे तीन दिन से बुख़ार है",
        "मुझे तिन दिन से बुखार हैं",
    ),
    ("hi", "सीने में दर्द, १२ घंटे से!", "सिने में दरद 12 घंटे", "सीने में दर्द 12 घंटे से", "सिने में दरद 12 घंटे"),
    ("ta", "எனக்கு தலைவலி இருக்கிறது.", "எனக்கு தலவலி இருக்கு", "எனக்கு தலைவலி இருக்கிறது", "எனக்கு தலவலி இருக்கு"),
    ("te", "నాకు జ్వరం వచ్చింది", "నాకు జరం వచింది అండి", "నాకు జ్వరం వచ్చింది", "నాకు జరం వచింది అండి"),
    (
        "fr",
        "J'ai mal à la tête depuis 3 jours.",
        "j'ai mal a la tete depuis trois jours",
        "jai mal à la tête depuis 3 jours",
        "jai mal a la tete depuis trois jours",
    ),
    (
        "de",
        "Übelkeit, seit gestern-abend",
        "Uebelkeit seit gestern Abend",
        "übelkeit seit gestern abend",
        "uebelkeit seit gestern abend",
    ),
    ("es", "¿Le duele aquí?", "le duele aqui si", "le duele aquí", "le duele aqui si"),
]


def numbers(reference: str, hypothesis: str) -> dict[str, int]:
    """jiwer's edit counts and reference lengths."""
    words, characters = jiwer.process_words(reference, hypothesis), jiwer.process_characters(reference, hypothesis)
    return {
        "word_errors": words.substitutions + words.deletions + words.insertions,
        "words": words.hits + words.substitutions + words.deletions,
        "character_errors": characters.substitutions + characters.deletions + characters.insertions,
        "characters": characters.hits + characters.substitutions + characters.deletions,
    }


cases = [
    {"language": language, "reference": reference, "hypothesis": hypothesis, **numbers(plain, heard)}
    for language, reference, hypothesis, plain, heard in PAIRS
]
target = Path(__file__).with_name("transcript_errors.json")
target.write_text(json.dumps({"jiwer": version("jiwer"), "cases": cases}, ensure_ascii=False, indent=1) + "\n")
