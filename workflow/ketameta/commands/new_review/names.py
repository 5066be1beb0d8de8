"""What a person calls a treatment or an outcome -> the word for it in tables, files and YAML.

A label may hold any letters; a word is made of `a` to `z`, digits and `_`, so that nothing that
reads it (a shell, YAML, a spreadsheet, pandas, a file system) can take it as anything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ketameta.report.naming import capital
from ketameta.tables.problems import escaped

LONGEST = 60  # letters of a label: it stands in titles and in columns
_LONGEST_WORD = 40
# what YAML, pandas or a file system takes as something else than a word
_TAKEN = {
    *("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nil", "nan", "na"),
    *("inf", "infinity", "con", "prn", "aux", "nul", "index"),
    *("any", "several"),  # words of tables that stand for more than one
}


class NamingError(ValueError):
    """A name that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Name:
    """A label as people read it, and the word that stands for it in tables."""

    label: str
    word: str

    @property
    def phrase(self) -> str:
        """The label within a sentence: its first letter small, where the second is no capital."""
        if self.label[1:2].isupper() or not self.label[1:2].isalpha():
            return self.label
        return self.label[:1].lower() + self.label[1:]

    @property
    def heading(self) -> str:
        """The label as a heading: its first letter large, where the second is no capital."""
        return self.label if self.label[1:2].isupper() else capital(self.label)


def named(labels: Sequence[str], kind: str, taken: Collection[str] = ()) -> tuple[Name, ...]:
    """Return the names for some labels of a `kind` (treatment, outcome), each with its own word.

    Raises `NamingError` for what cannot be a label, or is given twice.
    """
    found: list[Name] = []
    for number, text in enumerate(labels, 1):
        label = label_of(text, kind)
        if label.casefold() in (name.label.casefold() for name in found):
            raise NamingError(f"the {kind} {_shown(label)} is given twice")
        used = {*taken, *(name.word for name in found)}
        found.append(Name(label, _free(word_of(label, kind) or f"{kind}_{number}", used)))
    return tuple(found)


def label_of(text: str, kind: str) -> str:
    """Return a label with one space between words. Raises `NamingError` where it cannot be one."""
    label = unicodedata.normalize("NFC", " ".join(text.split()))
    if not label:
        raise NamingError(f"the {kind} has no name")
    if len(label) > LONGEST:
        most = f"at most {LONGEST} characters are taken, these are {len(label):,}"
        raise NamingError(f"the {kind} {_shown(label[:20])}…: {most}")
    if not label.isprintable():
        odd = next(c for c in label if not c.isprintable())
        raise NamingError(f"the {kind} {_shown(label)} holds a character without a form, {odd!a}")
    return label


def word_of(label: str, kind: str) -> str:
    """Return the word for a label; empty where it has neither letter nor digit of ASCII."""
    bare = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")[:_LONGEST_WORD].strip("_")
    if word and (word in _TAKEN or not word[0].isalpha()):
        return f"{kind}_{word}"
    return word


def scale_of(text: str) -> str:
    """Return the word for a scale, which figures show: as it is written, but for marks of lists.

    Raises `NamingError` where the text cannot be a label.
    """
    return " ".join(re.sub(r"[;|&=@<>]", " ", label_of(text, "scale")).split()) or "scale"


def _free(word: str, used: Collection[str]) -> str:
    """Return the word, with a number where it is in use."""
    number, free = 1, word
    while free in used:
        number += 1
        free = f"{word}_{number}"
    return free


def _shown(label: str) -> str:
    return f"“{escaped(label)}”"
