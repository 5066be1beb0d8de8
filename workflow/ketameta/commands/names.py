"""What columns are called: the names of metafor, of R's meta, of RevMan and of common sense.

A name of our own (metafor's) goes before every other. Other names are compared without case,
points, blanks and underscores: ``event.e``, ``Events_E`` and ``events e`` are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ketameta.stats import MEASURES

# every column that some measure knows, in the order of the measures
ARGUMENTS = tuple(
    dict.fromkeys(
        name
        for measure in MEASURES.values()
        for name in (*(n for group in measure.required for n in group), *measure.optional)
    )
)
_ARMS = {
    "1": (
        *("e", "t", "1", "exp", "experimental", "tx", "trt", "treat", "treated", "treatment"),
        *("int", "intervention", "active"),
    ),
    "2": ("c", "2", "ctrl", "ctl", "con", "control", "comparator", "pbo", "placebo"),
}
# argument -> what it is called, and the arm whose mark stands before or behind
_OF_ARM = {
    "ai": ("1", ("event", "events", "cases", "r", "responders")),
    "ci": ("2", ("event", "events", "cases", "r", "responders")),
    "x1i": ("1", ("event", "events", "cases")),
    "x2i": ("2", ("event", "events", "cases")),
    "n1i": ("1", ("n", "total", "size", "samplesize")),
    "n2i": ("2", ("n", "total", "size", "samplesize")),
    "m1i": ("1", ("mean", "m")),
    "m2i": ("2", ("mean", "m")),
    "sd1i": ("1", ("sd", "std", "stddev")),
    "sd2i": ("2", ("sd", "std", "stddev")),
    "t1i": ("1", ("time", "persontime", "personyears", "py")),
    "t2i": ("2", ("time", "persontime", "personyears", "py")),
}
# a standard error that can only be that of a logarithm
LOG_ERRORS = (
    *("selogor", "seloghr", "selogrr", "selogirr", "selnor", "selnhr", "selnrr", "selnirr"),
    *("selog", "seln", "logse", "lnse"),
)
_PLAIN = {
    "vi": ("v", "var", "vari", "varte"),
    "sei": (
        *("se", "sete", "stderr", "standarderror", "seg", "gse", "sees", "sesmd", "semd"),
        *LOG_ERRORS,
    ),
    "xi": ("x", "event", "events", "cases"),
    "ni": ("n", "total", "samplesize", "size"),
    "ri": ("r", "cor", "corr", "correlation"),
}
# ratios and differences that are published with an interval
_RATIOS = {
    "OR": ("or", "oddsratio"),
    "RR": ("rr", "riskratio", "relativerisk"),
    "HR": ("hr", "hazardratio", "hazardsratio"),
    "IRR": ("irr", "rateratio", "incidencerateratio"),
    "ROM": ("rom", "ratioofmeans"),
}
_DIFFERENCES = {
    "MD": ("md", "wmd", "meandifference"),
    "SMD": ("smd", "hedgesg", "cohensd"),
    "RD": ("rd", "riskdifference"),
}
RATIOS, DIFFERENCES = tuple(_RATIOS), tuple(_DIFFERENCES)
LABELS = (
    *("study", "studlab", "studylabel", "studyname", "trial", "trialname", "label", "slab", "name"),
    *("author", "authors", "firstauthor", "authoryear", "authoryr", "authorsyear", "studyid"),
    *(
        "trialid",
        "id",
        "studyauthor",
        "studyyear",
        "reference",
        "ref",
        "citation",
        "paper",
        "publication",
    ),
)
# what an estimate of any measure is called
ESTIMATES = ("estimate", "est", "effect", "es", "value", "ratio", "pointestimate", "yi", "te")
AUTHORS = ("author", "authors", "firstauthor", "studyauthor")
YEARS = ("year", "pubyear", "yearofpublication", "publicationyear", "studyyear")


def bare_name(name: str) -> str:
    """Return a name without case, signs and blanks."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _aliases() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {name: (bare_name(name),) for name in ARGUMENTS}
    for name, (arm, words) in _OF_ARM.items():
        pairs = [(w + mark, mark + w) for w in words for mark in _ARMS[arm]]
        found[name] += tuple(dict.fromkeys(x for pair in pairs for x in pair))
    for name, words in _PLAIN.items():
        found[name] += words
    logs = [f"{log}{w}" for words in _RATIOS.values() for w in words for log in ("log", "ln")]
    differences = [w for words in _DIFFERENCES.values() for w in words]
    found["yi"] += ("te", "y", "g", "d", "es", "effectsize", *logs, *differences)
    return found


ALIASES = _aliases()
_BARE = (
    r"(?:ci|ic|ki|cl|conf|confidence|int|interval|limits?|bounds?|lim|te|yi|pct|percent|level|of)"
)
_VALUES = "|".join(w for words in (_RATIOS | _DIFFERENCES).values() for w in words)
_FILL = rf"(?:{_BARE}|log|ln|est|estimate|effect|adj|adjusted|{_VALUES}|[89]\d)"
_LOW = "lower|low|lo|lwr|lcl|lci|ll|lb|l|min|start|from|inferior|inf"
_HIGH = "upper|upp|up|upr|high|hi|ucl|uci|ul|ub|u|max|end|to|superior|sup"
_ENDS = {
    "low": re.compile(rf"{_FILL}*({_LOW}){_FILL}*|q?0?25(?:ci)?"),
    "high": re.compile(rf"{_FILL}*({_HIGH}){_FILL}*|q?0?975(?:ci)?"),
}
# words that may mean much else unless an interval is named beside them
_WEAK = {"l", "u", "up", "min", "max", "start", "end", "from", "to", "inf", "sup"}
_BESIDE = re.compile(rf"{_BARE}|[89]\d|{_VALUES}")
_INTERVAL = re.compile(rf"{_FILL}*(?:ci|ic|ki|conf|confint|interval|konfidenzintervall){_FILL}*")
_LEVEL = re.compile(r"(?<!\d)([89]\d(?:\.\d+)?)(?!\d)")


def end_of(name: str) -> str:
    """Return "low" or "high" where a column is an end of an interval, else nothing."""
    for end, pattern in _ENDS.items():
        if found := pattern.fullmatch(bare_name(name)):
            word = found[1]
            if word in _WEAK and not _BESIDE.search(bare_name(name).replace(word, "", 1)):
                continue
            return end
    return ""


def is_interval(name: str) -> bool:
    """Say whether a column is named as an interval in one cell: ``95% CI``, ``OR (95% CI)``."""
    return bool(_INTERVAL.fullmatch(bare_name(name)))


def level_of(name: str) -> float | None:
    """Return the level that stands in the name of an end, such as 0.9 of ``lower90``."""
    if re.fullmatch(r"q?0?(?:25|975)(?:ci)?", bare_name(name)):
        return 0.95
    found = _LEVEL.search(name)
    return float(found[1]) / 100 if found else None


@dataclass(frozen=True)
class Value:
    """A measure that a column of estimates is named by; ``log``: it is a ratio."""

    measure: str
    log: bool


def value_of(name: str) -> Value | None:
    """Return the measure of a column of estimates, such as ``OR``, ``aHR`` or ``RR (95% CI)``."""
    for names, log in ((_RATIOS, True), (_DIFFERENCES, False)):
        for measure, words in names.items():
            around = r"(?:adj|adjusted|a|crude|unadjusted|est|estimate|point|pooled|value)"
            if re.fullmatch(rf"{around}*(?:{'|'.join(words)}){around}*{_FILL}*", bare_name(name)):
                return Value(measure, log)
    return None


def is_log(name: str) -> str:
    """Return the ratio whose logarithm a column is named as (``logHR``), else nothing."""
    bare = bare_name(name)
    return next(
        (m for m, words in _RATIOS.items() for w in words if bare in (f"log{w}", f"ln{w}")), ""
    )


def is_data(name: str) -> bool:
    """Say whether a column has a name that `pool` reads numbers from."""
    if name in ARGUMENTS or any(bare_name(name) in words for words in ALIASES.values()):
        return True
    return bool(end_of(name) or value_of(name) or is_interval(name))


def is_known(name: str) -> bool:
    """Say whether a column has a name that `pool` reads numbers or the studies' names from."""
    return is_data(name) or bare_name(name) in LABELS
