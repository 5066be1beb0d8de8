"""What `ketameta pool` prints: studies, the pooled effect, and what must be known of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ketameta.measures import INVERSE_VARIANCE, MANTEL_HAENSZEL, PETO
from ketameta.stats import MEASURES, RandomEffects, back_transform
from ketameta.stats.numerics.shown import number_fields
from ketameta.tables.problems import first_few

_WIDEST = 40
# where effects of a measure can lie, and the measures whose limits stay there
_BOUNDS = {
    "PR": (0, 1, "PLO (logits) keeps them inside; a project can pool by GLMM"),
    "RD": (-1, 1, "RR and OR have no such limits"),
    "MPRD": (-1, 1, "MPRR and MPOR have no such limits"),
    "MPRDM": (-1, 1, "MPRRM and MPORM have no such limits"),
    "COR": (-1, 1, "ZCOR (Fisher's z) keeps them inside"),
}
_POOLED = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")


@dataclass(frozen=True, slots=True)
class Options:
    """How effects are pooled, in the words of the engine."""

    pooling: str
    tau2: str
    interval: str
    prediction: str
    level: float


class Section(Protocol):
    """What is asked beside the pool: lines in print, and a key of the JSON."""

    def lines(self, head: str, show: Callable[[float], str]) -> list[str]:
        """Return the lines; `head` names the interval, `show` writes an effect."""

    def as_json(self) -> dict[str, object]:
        """Return every number with all its digits."""


@dataclass(frozen=True)
class Pooled:
    """What was asked and what came out; ``title`` names one analysis of several in the file.

    ``shown`` is the measure whose way back to the readable scale the numbers take in print, and
    ``sizes`` the people of each study where that way needs them. ``reasons`` say of a study, by
    its place, why it has no effect.
    """

    measure: str
    shown: str
    options: Options
    names: list[str]
    yi: NDArray[np.float64]
    vi: NDArray[np.float64]
    fit: RandomEffects
    reasons: dict[int, str]
    title: str = ""
    sizes: NDArray[np.float64] | None = None
    notes: list[str] = field(default_factory=list)
    beside: Sequence[Section] = ()

    def size(self) -> float | None:
        """Return the harmonic mean of the sizes of the studies that are pooled."""
        if self.sizes is None:
            return None
        sizes = self.sizes[~np.isnan(self.yi)]
        return float(len(sizes) / np.sum(1 / sizes))


def remarks(pooled: Pooled) -> list[str]:
    """Return what the numbers do not say themselves."""
    fit = pooled.fit
    found = [f"no effect of {pooled.names[i]}: {why}" for i, why in sorted(pooled.reasons.items())]
    found += pooled.notes
    if pooled.options.pooling != INVERSE_VARIANCE:
        found.append("weights are those of inverse variance, not of the pooled effect")
        if math.isnan(fit.estimate):
            why = "no pooled effect: events on one side alone"
            if pooled.options.pooling not in (MANTEL_HAENSZEL, PETO):
                why += ", or the search for the highest likelihood did not come to its end"
            return [*found, why]
    if (size := pooled.size()) is not None:
        found.append(
            "double arcsines are shown as proportions: of a study by its own n, of the pool by the "
            f"harmonic mean of n, {size:.4g}"
        )
    if pooled.measure == "AS":
        found.append("AS is a difference of arcsines in radians, which has no way back to risks")
    found += [*_beyond(pooled), *_cut(pooled), *_spread(pooled)]
    for parts, what in ((fit.ci_in_parts, "effects"), (fit.tau2_in_parts, "tau²")):
        if parts:
            found.append(
                f"the {what} that the likelihood is compatible with fall into parts; the interval "
                "holds their outermost limits"
            )
    return found if fit.converged else [*found, "the search for tau² did not converge"]


def half(pooled: Pooled) -> NDArray[np.float64]:
    """Return half the width of each study's interval, on the scale of analysis."""
    from scipy.special import ndtri

    return np.asarray(float(ndtri(0.5 + pooled.options.level / 2)) * np.sqrt(pooled.vi))


def _outside(pooled: Pooled, low: float, high: float) -> list[str]:
    """Return the names of intervals that reach beyond what can be."""
    reach, fit = half(pooled), pooled.fit
    with np.errstate(invalid="ignore"):
        over = (pooled.yi - reach < low) | (pooled.yi + reach > high)
    found = [name for name, bad in zip(pooled.names, over, strict=True) if bad]
    ends = {"the pooled interval": ("ci_low", "ci_high"), "the prediction": ("pi_low", "pi_high")}
    for name, (a, b) in ends.items():
        if getattr(fit, a) < low or getattr(fit, b) > high:
            found.append(name)
    return found


def _beyond(pooled: Pooled) -> list[str]:
    if pooled.measure not in _BOUNDS:
        return []
    low, high, way = _BOUNDS[pooled.measure]
    names = _outside(pooled, low, high)
    what = "no proportion" if low == 0 else f"no {pooled.measure}"
    text = f"limits below {low} or above {high}, where {what} can be: {first_few(names)}; {way}"
    return [text] if names else []


def _cut(pooled: Pooled) -> list[str]:
    """Return a remark on limits that the way back sets to 0 or 1."""
    if pooled.measure not in ("PAS", "PFT"):
        return []
    names = _outside(pooled, 0.0, math.pi / 2)
    text = f"limits that lie beyond proportions of 0 or 1 are shown as 0 or 1: {first_few(names)}"
    return [text] if names else []


def _spread(pooled: Pooled) -> list[str]:
    """Return a remark where tau² or I² lies outside its own interval."""
    fit = pooled.fit
    slack = 1e-9 * max(fit.tau2, fit.tau2_high, 1e-300) if not math.isnan(fit.tau2_high) else 0.0
    out = {
        "tau²": fit.tau2 < fit.tau2_low - slack or fit.tau2 > fit.tau2_high + slack,
        "I²": fit.i2 < fit.i2_low - 1e-6 or fit.i2 > fit.i2_high + 1e-6,
    }
    names = [name for name, bad in out.items() if bad]
    if not names:
        return []
    verb = "lies" if len(names) == 1 else "lie"
    method = "assumed to be 0" if pooled.options.tau2 == "EE" else f"by {pooled.options.tau2}"
    text = (
        f"{' and '.join(names)} {verb} outside the interval: tau² is {method}, the interval is "
        "that of the Q-profile, another method"
    )
    if fit.tau2_high == 0:
        text += "; no tau² fits effects as close together as these"
    return [text]


def plain(value: Any) -> Any:
    """Return a number as JSON has it: None where there is none."""
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def as_json(pooled: Pooled) -> dict[str, object]:
    """Return the fit with every digit, on the scale of analysis, the studies and the remarks."""
    fit = {name: plain(getattr(pooled.fit, name)) for name in number_fields(RandomEffects)}
    weights = fit.pop("weights")
    studies = [
        {"study": name, "yi": plain(float(y)), "vi": plain(float(v)), "weight": weight}
        for name, y, v, weight in zip(pooled.names, pooled.yi, pooled.vi, weights, strict=True)
    ]
    for i, why in pooled.reasons.items():
        studies[i]["reason"] = why
    title = {"analysis": pooled.title} if pooled.title else {}
    head = {**title, "measure": pooled.measure, "options": asdict(pooled.options)}
    told: dict[str, object] = {**head, "fit": fit}
    for section in pooled.beside:
        told |= section.as_json()
    return {**told, "studies": studies, "notes": remarks(pooled)}


def number(value: float, form: str = ".4g") -> str:
    """Return a number in print, or a dash."""
    return "–" if math.isnan(value) else format(value, form)


def print_pooled(pooled: Pooled) -> None:
    """Print studies, result and remarks."""
    fit, level = pooled.fit, pooled.options.level
    head = f"{100 * level:g}% CI"
    if pooled.title:
        print(f"{pooled.title}\n")
    _print_studies(pooled, head)
    size = pooled.size()

    def show(value: float) -> str:
        return _shown(pooled.shown, value, size)

    count = f"{fit.k} {'study' if fit.k == 1 else 'studies'}"
    if (own := int(np.isfinite(pooled.yi).sum())) < fit.k:
        # such as one without events, which ways of counts take and of which a ratio says nothing
        count += f", {own} with an effect of {'its' if own == 1 else 'their'} own"
    measure = (
        pooled.measure if pooled.measure != "GEN" or pooled.shown == "GEN" else "GEN as a ratio"
    )
    method = pooled.options.tau2
    by = "common effect (EE)" if method == "EE" else f"tau² by {method}"
    if pooled.options.pooling != INVERSE_VARIANCE:
        by = pooled.options.pooling
    print(f"\n{measure}, {count}, {by}, {fit.rule} interval")
    around = f"{head} {show(fit.ci_low)} to {show(fit.ci_high)}"
    effect = f"pooled      {show(fit.estimate)} ({around}), p = {number(fit.p)}"
    print(effect, *_spread_lines(pooled, show), sep="\n")
    for section in pooled.beside:
        print("", *section.lines(head, show), sep="\n")
    if found := remarks(pooled):
        print(*("", *found), sep="\n")


def _spread_lines(pooled: Pooled, show: Callable[[float], str]) -> list[str]:
    """Return how far effects lie apart; of counts only what their way of pooling knows."""
    fit, every = pooled.fit, pooled.options.pooling == INVERSE_VARIANCE

    def between(low: float, high: float, form: str = ".4g", unit: str = "") -> str:
        known = every or not math.isnan(low)
        return f" ({number(low, form)} to {number(high, form)}{unit})" if known else ""

    lines = (
        (fit.pi_low, f"prediction  {show(fit.pi_low)} to {show(fit.pi_high)}"),
        (fit.tau2, f"tau²        {number(fit.tau2)}{between(fit.tau2_low, fit.tau2_high)}"),
        (
            fit.i2,
            f"I²          {number(fit.i2, '.1f')}%{between(fit.i2_low, fit.i2_high, '.1f', '%')}",
        ),
        (
            fit.q,
            f"Q           {number(fit.q, '.2f')}, df = {number(fit.q_df, 'g')}, "
            f"p = {number(fit.q_p)}",
        ),
    )
    return [line for known, line in lines if every or not math.isnan(known)]


def _print_studies(pooled: Pooled, head: str) -> None:
    weights = np.atleast_1d(pooled.fit.weights)
    sizes = pooled.sizes if pooled.sizes is not None else [None] * len(pooled.names)
    lines = []
    for name, y, h, w, n in zip(pooled.names, pooled.yi, half(pooled), weights, sizes, strict=True):
        ends = (y - h, y, y + h)
        # what rounding leaves of 0 is 0
        tidy = [0.0 if abs(x) < 1e-12 * h else x for x in ends]
        low, effect, high = (_shown(pooled.shown, x, n) for x in tidy)
        around = f"{low} to {high}" if not math.isnan(y) else "no effect"
        lines.append((name, effect, around, number(w, ".1f")))
    print(*study_table(head, lines), sep="\n")


def study_table(head: str, studies: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Return a line of headings and one of each study: name, effect, interval and weight."""
    cut = [n if len(n) <= _WIDEST else n[: _WIDEST - 1] + "…" for n, *_ in studies]
    width = max(map(len, ["study", *cut]))
    rows = [("study", "effect", head, "weight %")]
    rows += [(name, *study[1:]) for name, study in zip(cut, studies, strict=True)]
    return [f"{name:<{width}}  {x:>8}  {around:<20} {w:>8}" for name, x, around, w in rows]


def _shown(measure: str, value: float, size: float | None) -> str:
    if math.isnan(value):
        return "–"
    return f"{back(measure, value, size):.4g}"


def back(measure: str, value: float, size: float | None) -> float:
    """Take a value to the scale that people read."""
    # a hazard ratio goes back as every ratio does
    known = measure if measure in MEASURES else "RR"
    return float(back_transform(known, value, size))
