"""Words for methods as other programs and articles have them, by the key that they belong to.

Those of `tau2`, `interval` and `prediction` are the words that `stats.numerics.words` understands,
which knows nothing of this module; a test holds the two in step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ketameta.measures import (
    BETA_BINOMIAL,
    CM_EL,
    GLMM,
    INVERSE_VARIANCE,
    MANTEL_HAENSZEL,
    ODDS,
    PETO,
    UM_FS,
    UM_RS,
    Measure,
)

ALSO: dict[str, dict[str, str]] = {
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
    "pooling": {
        **dict.fromkeys(("inverse", "rma", "rma.uni", "metagen"), INVERSE_VARIANCE),
        **dict.fromkeys(("MH", "rma.mh"), MANTEL_HAENSZEL),
        **dict.fromkeys(("rma.peto", "Peto odds ratio"), PETO),
        **dict.fromkeys(("rma.glmm", "generalised linear mixed model"), GLMM),
        **dict.fromkeys(("unconditional with fixed effects",), UM_FS),
        **dict.fromkeys(("unconditional with random effects",), UM_RS),
        **dict.fromkeys(("CM", "hypergeometric-normal"), CM_EL),
        **dict.fromkeys(("BB", "beta-binomial regression"), BETA_BINOMIAL),
    },
}
# tests of small-study effects by their authors, and whether each is for a measure
AUTO, EGGER, PETERS, HARBORD = "auto", "Egger", "Peters", "Harbord"
SIZES = "Pustejovsky and Rodgers"
SMALL_STUDY: dict[str, Callable[[Measure], bool]] = {
    AUTO: lambda measure: True,
    EGGER: lambda measure: True,
    PETERS: lambda measure: measure.counts,
    HARBORD: lambda measure: measure is ODDS,
    SIZES: lambda measure: measure.is_standardised,
}
# rules of the interval that a regression has none of: groups cannot share a tau² under them
NEED_ONE_MEAN = ("profile", "henmi-copas")
# tau² of groups: one for all, or one in each
COMMON, SEPARATE = "common", "separate"
# ways of pooling counts without a variance between the effects of trials
_NO_TAU2 = (MANTEL_HAENSZEL, PETO, BETA_BINOMIAL)
_WHAT = {
    "tau2": "an estimator of tau²",
    "interval": "a rule for the interval",
    "prediction": "a rule for the prediction interval",
    "pooling": "a way of pooling",
}


def small_study_test(measure: Measure, asked: str = AUTO) -> str:
    """Return the test of small-study effects of a measure, whose author is its name.

    The standard error of a ratio follows the number of events, and so the effect: Peters (2006,
    JAMA 295:676) goes by size. That of an SMD holds the SMD: Pustejovsky and Rodgers (2019, Res
    Synth Methods 10:57) leave that out. That of an MD does neither: Egger's line. One that was
    asked for all analyses and is not for this measure gives way to that.
    """
    if asked != AUTO and SMALL_STUDY[asked](measure):
        return asked
    if measure.counts:
        return PETERS
    return SIZES if measure.is_standardised else EGGER


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def understood(key: str, word: str, known: Iterable[str]) -> str | None:
    """Return a word of a key as it is spelt here: in any case, or by a name from elsewhere."""
    words = [*known]
    also = {_plain(other): name for other, name in ALSO[key].items() if name in words}
    return (also | {_plain(name): name for name in words}).get(_plain(word))


def elsewhere(key: str, word: str) -> str:
    """Return ``; it is ...`` of a word that belongs to another of these keys; empty of another."""
    for other, also in ALSO.items():
        if other != key and (name := understood(other, word, also.values())):
            return f"; it is {_WHAT[other]}: {other}: {name}"
    return ""


def at_odds(asked: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield words that are asked for together and do not go together: key, and what does.

    Keys are pooling, interval, tau2, tau2_subgroups and arms; what nobody asked for is absent.
    """
    way = asked.get("pooling") or INVERSE_VARIANCE
    interval, tau2, groups = (asked.get(key) for key in ("interval", "tau2", "tau2_subgroups"))
    alone = f"is for {INVERSE_VARIANCE}"
    if way == INVERSE_VARIANCE:
        if interval in NEED_ONE_MEAN and groups == COMMON:
            takes = f"takes {SEPARATE}, or interval wald, hksj, hksj-adhoc or auto"
            yield "tau2_subgroups", f"{COMMON} is not for the interval {interval}, which {takes}"
        return
    if interval not in (None, "auto", "wald"):
        yield "interval", f"{interval} {alone}; pooling by {way} has a wald interval"
    none = way in _NO_TAU2
    if tau2 not in (None, "EE" if none else "ML"):
        yield "tau2", f"{tau2} {alone}; pooling by {way} has {'no tau²' if none else 'tau² by ML'}"
    if groups == COMMON:
        yield "tau2_subgroups", f"{COMMON} {alone}; pooling by {way} takes {SEPARATE}"
    if asked.get("arms") == "whole":
        takes = "takes arms together, first or split"
        yield "arms", f"whole {alone}; pooling by {way}, of trials that share no people, {takes}"
