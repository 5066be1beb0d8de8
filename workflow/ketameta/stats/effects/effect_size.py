"""Effect sizes: raw numbers of studies in, yi and vi out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.effects import (
    binary,
    change,
    continuous,
    correlation,
    onegroup,
    paired,
    variability,
)
from ketameta.stats.effects.cells import BY_SIZE, TO
from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    float_arrays,
    refuse,
    refuse_negative,
)
from ketameta.stats.numerics.checks import one_of
from ketameta.stats.numerics.shown import Labels, Shown, study_names


@dataclass(frozen=True, repr=False)
class EffectSize(Shown):
    """Effects `yi` with sampling variances `vi` on the scale of `measure`.

    Both have the shape of the arguments, or are floats for scalar arguments;
    both are NaN where a study gives no effect. `vi` may be 0 (standard
    deviations of 0): such a study cannot be pooled. `studies` are the names that
    labelled arguments carry.

    Examples
    --------
    >>> import pandas as pd
    >>> from ketameta.stats import effect_size
    >>> table = pd.DataFrame({"ai": [12, 9], "n1i": 20, "ci": [5, 6], "n2i": 20}, ["A", "B"])
    >>> effect_size("RR", **table)
    EffectSize
           yi      vi
    A  0.8755  0.1833
    B  0.4055  0.1778
    measure RR
    """

    NAMED: ClassVar[str] = "studies"
    SHORT: ClassVar[tuple[str, ...]] = ("yi", "vi")
    BELOW: ClassVar[tuple[str, ...]] = ("measure",)

    yi: Array | float
    vi: Array | float
    measure: str
    studies: Labels = field(default=None, kw_only=True)


@dataclass(frozen=True)
class _Measure:
    """One row of the table of measures.

    `required`: groups of argument names, of each group at least one must be
    given; `optional`: names taken and not used. `add`: default added to cells.
    `back`: the way to the scale that people read. `in_sds`: a standardised difference.
    """

    compute: Callable[[Arrays, EffectOptions], tuple[Array, Array]]
    required: tuple[tuple[str, ...], ...]
    vtypes: tuple[str, ...] = ("LS",)
    add: float = 0.5
    optional: tuple[str, ...] = ()
    back: Callable[[Array], Array] = np.copy
    in_sds: bool = False

    @property
    def arguments(self) -> frozenset[str]:
        """The names of arguments, of which each group needs one."""
        return frozenset(name for group in self.required for name in group)

    @property
    def is_log(self) -> bool:
        """Whether it is the logarithm of a ratio."""
        return self.back is np.exp


def _proportion(x: Array) -> Array:
    """Return the proportion of an arcsine, held within those of 0 and 1."""
    return np.asarray(np.sin(np.clip(x, 0.0, np.pi / 2)) ** 2)


def _given(x: Arrays, options: EffectOptions) -> tuple[Array, Array]:
    """Take effects as they are, with `vi` or the standard error `sei`."""
    refuse_negative(x, "vi", "sei")
    if "vi" in x and "sei" in x:
        off = ~np.isclose(x["sei"] ** 2, x["vi"], rtol=1e-6, equal_nan=True)
        refuse(off, "sei", x["sei"], "squared is not vi")
    return x["yi"], x["vi"] if "vi" in x else x["sei"] ** 2


_TABLE = (("ai",), ("bi", "n1i"), ("ci",), ("di", "n2i"))
_PAIRS = (("ai",), ("bi",), ("ci",), ("di",))
_RATES = (("x1i",), ("t1i",), ("x2i",), ("t2i",))
_MEANS = (("m1i",), ("sd1i",), ("n1i",), ("m2i",), ("sd2i",), ("n2i",))
_PROPORTION = (("xi",), ("mi", "ni"))
_SPREADS = (("sd1i",), ("n1i",), ("sd2i",), ("n2i",))
_SPREADS_TWICE = (("sd1i",), ("sd2i",), ("ni",), ("ri",))
_TWICE = (("m1i",), ("sd1i",), ("m2i",), ("sd2i",), ("ni",), ("ri",))
_FIRST = (("m1i",), ("sd1i",), ("m2i",), ("ni",), ("ri",))
_MARGINS = (*_TABLE, ("ri",))
_PEARSON = (("ri",), ("ni",))
_REGRESSION = (("ti",), ("mi",), ("ni",))

_AVERAGED = ("LS", "UB", "AV")
_SECOND = ("LS", "LS2")

MEASURES: dict[str, _Measure] = {
    # Two arms, events.
    "RR": _Measure(binary.log_risk_ratio, _TABLE, back=np.exp),
    "OR": _Measure(binary.log_odds_ratio, _TABLE, back=np.exp),
    "RD": _Measure(binary.risk_difference, _TABLE, _AVERAGED),
    "AS": _Measure(binary.arcsine_difference, _TABLE, add=0.0),
    "PETO": _Measure(binary.peto_log_odds_ratio, _TABLE, back=np.exp),
    "IRR": _Measure(binary.log_rate_ratio, _RATES, back=np.exp),
    "OR2D": _Measure(binary.standardised_by_logistic, _TABLE, in_sds=True),
    "OR2DN": _Measure(binary.standardised_by_normal, _TABLE, in_sds=True),
    # Two arms, means.
    "MD": _Measure(continuous.mean_difference, _MEANS, ("LS", "UB", "HO")),
    "SMD": _Measure(
        continuous.standardised_mean_difference, _MEANS, ("LS", "LS2", "UB", "AV"), in_sds=True
    ),
    "SMDH": _Measure(continuous.heteroscedastic_mean_difference, _MEANS, in_sds=True),
    "ROM": _Measure(continuous.log_ratio_of_means, _MEANS, ("LS", "HO", "AV", "AVHO"), back=np.exp),
    "D2OR": _Measure(continuous.odds_ratio_of_means, _MEANS, back=np.exp),
    "D2ORN": _Measure(continuous.odds_ratio_of_normal_means, _MEANS, back=np.exp),
    # Two arms, how much people differ.
    "VR": _Measure(
        variability.log_variability_ratio,
        _SPREADS,
        _SECOND,
        optional=("m1i", "m2i"),
        back=np.exp,
    ),
    "CVR": _Measure(variability.log_cv_ratio, _MEANS, _SECOND, back=np.exp),
    # One group, events.
    "PR": _Measure(onegroup.proportion, _PROPORTION, _AVERAGED),
    "PLO": _Measure(onegroup.logit_proportion, _PROPORTION, ("LS", "AV"), back=special.expit),
    "PAS": _Measure(onegroup.arcsine_proportion, _PROPORTION, add=0.0, back=_proportion),
    "PFT": _Measure(onegroup.double_arcsine_proportion, _PROPORTION, add=0.0),
    # People measured twice: before and after, or crossover.
    "MC": _Measure(change.mean_change, _TWICE),
    "SMCC": _Measure(change.standardised_by_change, _TWICE, _SECOND, in_sds=True),
    "SMCR": _Measure(
        change.standardised_by_first, _FIRST, _SECOND, optional=("sd2i",), in_sds=True
    ),
    "SMCRH": _Measure(change.standardised_by_first_unequal, _TWICE, in_sds=True),
    "SMDX": _Measure(change.crossover_standardised, _TWICE, ("LS", "EL"), in_sds=True),
    "ROMC": _Measure(change.log_ratio_of_means_change, _TWICE, back=np.exp),
    "PCTRED": _Measure(change.percent_reduction, _TWICE),
    "VRC": _Measure(
        variability.log_variability_ratio_within,
        _SPREADS_TWICE,
        optional=("m1i", "m2i"),
        back=np.exp,
    ),
    "CVRC": _Measure(variability.log_cv_ratio_within, _TWICE, back=np.exp),
    # People under both treatments, events: paired tables, then margins with a correlation.
    "MPRD": _Measure(paired.paired_risk_difference, _PAIRS),
    "MPRR": _Measure(paired.paired_log_risk_ratio, _PAIRS, back=np.exp),
    "MPOR": _Measure(paired.paired_log_odds_ratio, _PAIRS, back=np.exp),
    "MPORC": _Measure(paired.conditional_log_odds_ratio, _PAIRS, back=np.exp),
    "MPPETO": _Measure(paired.paired_peto_log_odds_ratio, _PAIRS, back=np.exp),
    "MPRDM": _Measure(paired.marginal_risk_difference, _MARGINS),
    "MPRRM": _Measure(paired.marginal_log_risk_ratio, _MARGINS, back=np.exp),
    "MPORM": _Measure(paired.marginal_log_odds_ratio, _MARGINS, back=np.exp),
    # Correlations, and effects that are given.
    "COR": _Measure(correlation.correlation, _PEARSON, ("LS", "AV")),
    "ZCOR": _Measure(correlation.fisher_z, _PEARSON, back=np.tanh),
    "PCOR": _Measure(correlation.partial_correlation, _REGRESSION, ("LS", "AV")),
    "ZPCOR": _Measure(correlation.partial_fisher_z, _REGRESSION, back=np.tanh),
    "GEN": _Measure(_given, (("yi",), ("vi", "sei"))),
}


def check_names(measure: str, names: Iterable[str]) -> None:
    """Raise a ValueError where an argument of `measure` is missing or does not belong."""
    row, names = MEASURES[measure], set(names)
    for group in row.required:
        if not names & set(group):
            raise ValueError(f"{measure} needs {' or '.join(group)}")
    allowed = (*(name for group in row.required for name in group), *row.optional)
    for name in sorted(names):
        if name not in allowed:
            raise ValueError(f"{measure} takes {', '.join(allowed)}; not {name}")


def _options(
    row: _Measure, add: float | str | None, to: str, drop00: bool, *, correction: str, vtype: str
) -> EffectOptions:
    """Check what was chosen and put the default of the measure where nothing was."""
    by_size = isinstance(add, str)
    if by_size:
        one_of("add", str(add), (BY_SIZE,))
    one_of("to", to, TO)
    one_of("correction", correction, ("exact", "approximate", "none"))
    one_of("vtype", vtype, row.vtypes)
    add = row.add if add is None or isinstance(add, str) else float(add)
    if not (np.isfinite(add) and add >= 0):
        raise ValueError(f"add must be 0 or above; not {add:g}")
    # shared out, it is 1 for both arms together whatever the measure adds by default
    return EffectOptions(1.0 if by_size else add, to, drop00, correction, vtype, by_size)


def effect_size(
    measure: str,
    *,
    add: float | str | None = None,
    to: str = "only0",
    drop00: bool = False,
    correction: str = "exact",
    vtype: str = "LS",
    **arrays: ArrayLike,
) -> EffectSize:
    """Compute effects and their sampling variances from the numbers of studies.

    Parameters
    ----------
    measure
        A key of `MEASURES`, by the names of its arguments (metafor's):
        RR OR RD AS PETO OR2D OR2DN - ai, bi or n1i, ci, di or n2i (log scale for
        ratios); IRR - x1i t1i x2i t2i; MD SMD SMDH ROM CVR D2OR D2ORN - m1i sd1i n1i
        m2i sd2i n2i; VR - sd1i n1i sd2i n2i;
        PR PLO PAS PFT - xi, mi or ni; MC SMCC SMCR SMCRH SMDX ROMC PCTRED CVRC - m1i
        sd1i m2i sd2i ni ri, VRC - without m1i, m2i (last and baseline, or treatment and
        comparator; SMCR divides by sd1i, which must then be the baseline's); MPRD MPRR MPOR MPORC
        MPPETO - ai bi ci di of the paired table; MPRDM MPRRM MPORM - as OR, and
        ri; COR ZCOR - ri ni; PCOR ZPCOR - ti mi ni; GEN - yi, vi or sei. Arm 1 against arm 2.
    add, to, drop00
        What is added to empty cells (default 1/2; 0 for AS, PAS, PFT; "TACC": the share of
        its own arm in the people of both, Sweeting and others 2004), to which studies
        ("only0", "all", "if0all", "none"), and whether studies without events,
        or with events only, in both arms are dropped.
    correction
        Small-sample factor of standardised means: "exact", "approximate", "none".
    vtype
        Variance estimate, "LS" by default; see the function of the measure.
    **arrays
        Numbers of the studies, as many in each (a plain number stands for all of them);
        leading axes are broadcast. NaN, None or a masked entry is a missing number and gives
        NaN; so does an arm without people, or a table without pairs: nothing is added to its
        cells. Series of pandas are paired by their labels.

    Raises
    ------
    ValueError
        Unknown measure, option or argument; a missing argument; a number that
        cannot be (infinite, negative count, more events than people, negative
        standard deviation): argument and index are named.

    Notes
    -----
    Formulas and defaults are those of `escalc` of metafor 3.8-1 where it has the
    measure (not SMDX, PCTRED, MPRDM, MPRRM, VRC, CVRC, nor has it "TACC", and "LS2" of VR
    and CVR), but for arms without people, to which it adds halves and then compares them. Each
    measure's own function, named in `MEASURES`, states formula and source.

    Examples
    --------
    >>> from ketameta.stats import effect_size
    >>> effect_size("MD", m1i=12.5, sd1i=4, n1i=20, m2i=16, sd2i=5, n2i=20)
    EffectSize
        yi    vi
      -3.5  2.05
    measure MD
    >>> effect_size("RR", ai=[12, 9], n1i=[20, 20], ci=[5, 6], n2i=[20, 20]).yi.round(3)
    array([0.875, 0.405])
    """
    one_of("measure", measure, tuple(MEASURES))
    given = {name: value for name, value in arrays.items() if value is not None}
    check_names(measure, given)
    options = _options(MEASURES[measure], add, to, drop00, correction=correction, vtype=vtype)
    x = float_arrays(given)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yi, vi = MEASURES[measure].compute(x, options)
        known = np.isfinite(yi) & np.isfinite(vi) & (np.asarray(vi) >= 0)
    yi, vi = np.where(known, yi, np.nan), np.where(known, vi, np.nan)
    if yi.ndim == 0:
        return EffectSize(float(yi), float(vi), measure)
    names = study_names(*given.values()).get("studies")
    return EffectSize(yi, vi, measure, studies=names)
