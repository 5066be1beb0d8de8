"""Words for methods: the names here, the names elsewhere in the literature, and near misses.

A hint never proposes another model: abbreviations of two or three letters lie so close together
that the nearest one is mostly another method (FE and HE).
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# as metafor, meta, RevMan and the articles call them
SYNONYMS: dict[str, dict[str, str]] = {
    "tau2": {
        **dict.fromkeys(("FE", "CE", "IV", "fixed", "common", "equal", "fixed effect"), "EE"),
        **dict.fromkeys(("common effect", "equal effects", "fixed effects"), "EE"),
        **dict.fromkeys(("DSL", "DerSimonian-Laird"), "DL"),
        **dict.fromkeys(("MP", "Paule-Mandel", "Mandel-Paule"), "PM"),
        **dict.fromkeys(("CA", "VC", "Hedges", "Hedges-Olkin"), "HE"),
        **dict.fromkeys(("MLE", "maximum likelihood"), "ML"),
        "Sidik-Jonkman": "SJ",
        "Hunter-Schmidt": "HS",
        "empirical Bayes": "EB",
        "restricted maximum likelihood": "REML",
    },
    "interval": {
        **dict.fromkeys(("HKSJ", "HK", "KNHA", "knha", "KH", "Knapp-Hartung"), "hksj"),
        **dict.fromkeys(("Hartung-Knapp", "Hartung-Knapp-Sidik-Jonkman"), "hksj"),
        **dict.fromkeys(("adhoc", "HK adhoc", "modified Knapp-Hartung", "mKH"), "hksj-adhoc"),
        **dict.fromkeys(("z", "normal", "classic"), "wald"),
        **dict.fromkeys(("PL", "profile likelihood"), "profile"),
        "HC": "henmi-copas",
    },
    "prediction": {
        **{"HTS": "k-2-wald", "Higgins": "k-2-wald", "V": "k-1-wald", "Veroniki": "k-1-wald"},
        **{"HK": "hksj", "HK-PR": "hksj-k-2", "HTS-HK": "hksj-k-2", "Partlett-Riley": "hksj-k-2"},
        **{"S": "normal-wald", "Skipka": "normal-wald", "t": "k-1", "riley": "k-2"},
    },
    "measure": {
        **{"WMD": "MD", "Hedges' g": "SMD", "ASD": "AS", "PRAW": "PR", "PLOGIT": "PLO"},
        **{"log OR": "OR", "log RR": "RR", "Peto": "PETO", "Peto odds ratio": "PETO"},
        **{"odds ratio": "OR", "risk ratio": "RR", "relative risk": "RR", "hazard ratio": "HR"},
        **{"risk difference": "RD", "mean difference": "MD", "rate ratio": "IRR"},
        **{"standardised mean difference": "SMD", "standardized mean difference": "SMD"},
        **{"Cohen's d": "SMD", "Hedges g": "SMD", "log HR": "HR", "ratio of means": "ROM"},
    },
}
# what is often given as the one and belongs to the other
_OTHER = {"tau2": "interval", "interval": "tau2"}
_ABBREVIATIONS = {"tau2", "measure", "method", "estimator", "model", "structure", "vtype"}


def spelt(name: str, value: str, allowed: Iterable[str]) -> str | None:
    """Return an allowed value as it is spelt here, in any case or by another name of it."""
    known = tuple(allowed)
    by_plain = {_plain(other): word for other, word in SYNONYMS.get(name, {}).items()}
    by_plain = {other: word for other, word in by_plain.items() if word in known}
    return (by_plain | {_plain(word): word for word in known}).get(_plain(str(value)))


def elsewhere(name: str, value: str) -> tuple[str, str] | None:
    """Return the option to which a value belongs instead, and its spelling there."""
    other = _OTHER.get(name)
    words = SYNONYMS.get(other or "", {})
    found = spelt(other, value, words.values()) if other else None
    return (other, found) if other and found else None


def near(name: str, value: str, allowed: Iterable[str]) -> str | None:
    """Return what was probably meant, for a hint.

    Of abbreviations only a slip of the same letters, or one letter too many or too few of at
    least four.
    """
    known, word = list(allowed), str(value)[:40]
    if name not in _ABBREVIATIONS:
        by_lower = {other.lower(): other for other in known}
        close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.5)
        return by_lower[close[0]] if close else None
    return next((other for other in known if _slip(word.lower(), other.lower())), None)


def did_you_mean(name: str, value: str, allowed: Iterable[str], assign: str = "{}={!r}") -> str:
    """Return the end of a message on an unknown value: what was meant, or nothing."""
    if other := elsewhere(name, value):
        what = {"interval": "a rule for the interval", "tau2": "an estimator of tau²"}[other[0]]
        return f"; it is {what}: {assign.format(*other)}"
    close = near(name, value, allowed)
    return f"; did you mean {close!r}?" if close else ""


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _slip(word: str, other: str) -> bool:
    if sorted(word) == sorted(other):
        return True
    short, long = sorted((word, other), key=len)
    if len(long) != len(short) + 1 or len(long) < 4:
        return False
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
