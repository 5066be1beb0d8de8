"""The words of the subject that the tests have, and what finds them in a text."""

import re
from pathlib import Path

import yaml

# the review and the vocabulary of a day, as tests have them
SUBJECT = Path(__file__).parent
# what any review of a medicine would say; each stands for all words that begin with it
GENERAL = ("drug", "psychiatr", "patient", "pharma", "disorder", "symptom", "depress", "suicid")
GENERAL += ("infus", "nasal", "antidepress", "placebo")
# words of this vocabulary that are words of method, or of everyday English, as well
EXEMPT = {
    "other": "everyday English",
    "access": "everyday English",
    "active": "everyday English",
    "IV": "inverse variance",
    "IN": "an argument that names a folder; part of a name in capitals",
    "safety": "an analysis set",
    "background": "what the arms of a trial go on with, by which controls are named",
    "inert": "a class of control that the checks know",
}


def read(name):
    return yaml.safe_load((SUBJECT / name).read_text(encoding="utf-8"))


def subject():
    """Yield the words of the subject: its treatments, scales, outcomes, people, claims."""
    outcomes, scales, treated, words = (
        read(f"vocabulary/{name}.yaml") for name in ("outcomes", "scales", "treatments", "words")
    )
    yield from read("review.yaml")["treatments"]
    for name, outcome in outcomes.items():
        yield from (name, outcome["label"], outcome.get("phrase"), outcome.get("verb"))
    for name, scale in scales.items():
        yield from (name, scale["label"], scale["measures"])
    for name, treatment in treated["treatments"].items():
        yield from (name, treatment["label"], treatment.get("short"))
    for listed in (treated["comparator_classes"], treated["routes"], treated["cotreatments"]):
        yield from (*listed, *listed.values())
    for listed in (words["populations"], words["claim_kinds"]):
        yield from (*listed, *listed.values())


def pattern(word):
    """Return what finds a word; one with a capital inside is a name and found as it is written."""
    name = any(letter.isupper() for letter in word[1:])
    return re.compile(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", 0 if name else re.IGNORECASE)


def patterns():
    words = {word for word in subject() if word and len(word) > 1}
    words = {word for word in words if word not in EXEMPT and word.lower() not in EXEMPT}
    found = {word: pattern(word) for word in sorted(words)}
    return found | {w: re.compile(rf"(?<![A-Za-z]){w}", re.IGNORECASE) for w in GENERAL}
