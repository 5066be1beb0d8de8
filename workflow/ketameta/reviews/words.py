"""The words of settings in the files of RevMan, old and new -> how an analysis is pooled."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ketameta.reviews.cells import NONE
from ketameta.reviews.model import Data, Method, Settings

_MEASURES = {
    "oddsratio": "OR", "or": "OR", "riskratio": "RR", "rr": "RR", "relativerisk": "RR",
    "riskdifference": "RD", "rd": "RD", "petooddsratio": "PETO", "petoor": "PETO", "peto": "PETO",
    "meandifference": "MD", "md": "MD", "wmd": "MD", "standardizedmeandifference": "SMD",
    "standardisedmeandifference": "SMD", "stdmeandifference": "SMD", "smd": "SMD",
    "hazardratio": "HR", "ratioofmeans": "ROM",
}  # fmt: skip
# how each is named in full
NAMES = {
    "OR": "Odds ratio", "RR": "Risk ratio", "RD": "Risk difference", "PETO": "Peto odds ratio",
    "MD": "Mean difference", "SMD": "Standardised mean difference", "ratio": "Ratio",
    "difference": "Difference",
}  # fmt: skip
# those in the unit of what was measured: their spreads are not to be held beside each other
IN_UNITS = ("MD", "difference")
_METHODS: dict[str, Method] = {
    "mh": "MH", "mantelhaenszel": "MH", "iv": "IV", "inversevariance": "IV", "peto": "Peto",
    "expoe": "IV", "expoevar": "IV", "oe": "IV",
}  # fmt: skip
_DATA: dict[str, Data] = {
    "dichotomous": "counts", "dic": "counts", "dich": "counts", "continuous": "means",
    "con": "means", "cont": "means", "oeandvariance": "O-E", "oe": "O-E", "ipd": "O-E",
    "genericinversevariance": "generic", "giv": "generic", "iv": "generic", "contrastlevel":
    "generic", "contrast": "generic",
}  # fmt: skip
# measures that are of counts or means alone tell the data where the word of the type does not
_OF_MEASURE: dict[str, Data] = {
    "OR": "counts",
    "RR": "counts",
    "RD": "counts",
    "PETO": "counts",
    "MD": "means",
    "SMD": "means",
}
_TAU2 = {
    "dersimonianandlaird": "DL", "dersimonianlaird": "DL", "dl": "DL", "reml": "REML",
    "restrictedmaximumlikelihood": "REML", "restrictedmaximumlikelihoodreml": "REML",
    "paulemandel": "PM", "pm": "PM", "maximumlikelihood": "ML", "ml": "ML",
}  # fmt: skip
_YES = {"true", "yes", "y", "1", "t"}
_NO = {"false", "no", "n", "0", "f"}


class SettingError(ValueError):
    """A setting that is not known; the message has its name and the word."""


def plain(word: str) -> str:
    """Return the letters and digits of a word alone, small."""
    return re.sub(r"[^a-z0-9]", "", word.lower())


def measure_of(word: str) -> str:
    """Return the measure that a word means; empty for one that is not known here."""
    return _MEASURES.get(plain(word), "")


def yes(word: str, default: bool) -> bool:
    """Read yes or no, true or false; the default where nothing is said."""
    known = plain(word)
    return known in _YES if known in _YES | _NO else default


def level(word: str) -> float:
    """Read the level of an interval, such as 95%, 95 or 0.99; 0.95 where nothing is said."""
    found = re.search(r"\d+(\.\d+)?", word)
    if not found:
        return 0.95
    value = float(found[0])
    return value / 100 if value > 1 else value


def settings(said: Mapping[str, str]) -> Settings:
    """Return the settings that some words mean.

    `said` has the words under: data, method, measure, model, ratio, tau2, interval, swapped, level,
    overall, subgroups, test, tau2_limits; what is missing or empty has RevMan's default. Raises
    `SettingError`.
    """
    get = {key: "" if word.strip().lower() in NONE else word.strip() for key, word in said.items()}
    measure = measure_of(get.get("measure", ""))
    data = _DATA.get(plain(get.get("data", ""))) or _OF_MEASURE.get(measure)
    if data is None:
        raise SettingError(f"type of data {get.get('data', '')!r} is not known")
    counted = data in ("counts", "means")
    if counted and measure not in (
        ("MD", "SMD") if data == "means" else ("OR", "RR", "RD", "PETO")
    ):
        raise SettingError(f"effect measure {get.get('measure', '')!r} is none of {data}")
    method = _METHODS.get(plain(get.get("method", "")), "IV")
    if data == "counts" and method == "Peto":
        measure = "PETO"
    ratio = measure in ("OR", "RR", "PETO") if counted else yes(get.get("ratio", ""), data == "O-E")
    interval = "hksj" if re.search(r"h(k|artung)", get.get("interval", "").lower()) else "wald"
    tau2 = get.get("tau2", "")
    if tau2 and plain(tau2) not in _TAU2:
        raise SettingError(f"estimator of tau² {tau2!r} is not known")
    return Settings(
        data,
        "IV" if measure == "PETO" or not counted else method,
        measure if counted else ("ratio" if ratio else "difference"),
        "random" if "random" in get.get("model", "").lower() else "fixed",
        ratio,
        _TAU2.get(plain(tau2), "DL"),
        interval,
        yes(get.get("swapped", ""), False),
        level(get.get("level", "")),
        yes(get.get("overall", ""), True),
        yes(get.get("subgroups", ""), True),
        yes(get.get("test", ""), True),
        yes(get.get("tau2_limits", ""), False),
    )
