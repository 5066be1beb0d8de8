"""The splits of an analysis once more: groups with one tau², and the test between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.special import chdtrc

from ketameta.configuration import Analysis
from ketameta.crosscheck import mixed, refits
from ketameta.crosscheck.pooled import columns, pooled
from ketameta.crosscheck.rows import Place, on_scale
from ketameta.methods import COMMON
from ketameta.tables.collection import by
from ketameta.tables.crosscheck import CrosscheckRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.fits import Engine
from ketameta.tables.syntheses import SplitRow, SubgroupRow


def split_again(
    analysis: Analysis,
    test: SplitRow,
    rows: Sequence[SubgroupRow],
    effects: Sequence[EffectRow],
) -> Iterator[CrosscheckRow]:
    """Yield the numbers of the groups of one split, and of the test between them.

    `rows` are its groups. The intervals go by the rule of the analysis, the test by Wald.
    """
    own = by(effects, lambda effect: str(getattr(effect, test.split) or ""))
    together = [row for row in rows if row.engine == Engine.GROUPS]
    for row in rows:
        place = Place(analysis.name, "", f"{test.split} {row.subgroup or 'not known'}")
        if row.engine != Engine.GROUPS:
            yield from pooled(analysis, place, row, own[row.subgroup])
    if together:
        yield from _together(analysis, together, own)
    known = {name: group for name, group in own.items() if name}
    if test.q is None:
        return
    place = Place(analysis.name, "", f"between groups of {test.split}")
    if test.tau2_groups == COMMON:
        yield from _between(analysis, place, test, known)
    else:
        yield from _apart(analysis, place, test, known)


def _together(
    analysis: Analysis, rows: Sequence[SubgroupRow], own: Mapping[str, Sequence[EffectRow]]
) -> Iterator[CrosscheckRow]:
    effects = [effect for group in own.values() for effect in group]
    names = [name for name, group in own.items() for _ in group]
    yi, vi = columns(effects)
    x = mixed.members(names)
    at = {name: i for i, name in enumerate(dict.fromkeys(names))}
    tau2, by_what = refits.tau2_of(yi, vi, rows[0].tau2_by or "", x) or (rows[0].tau2 or 0.0, "")
    found = refits.refit(yi, vi, tau2, str(rows[0].rule), analysis.model.level, x)
    for row in rows:
        place = Place(analysis.name, "", f"{row.split} {row.subgroup or 'not known'}")
        i = at[row.subgroup]
        if by_what:
            yield place.row("tau2", row.tau2, tau2, by_what, scale=float(vi.max()))
        size = float(found.size[i])
        yield place.row("se", row.se, float(found.se[i]), refits.BY_WLS, scale=size)
        for end, values in (
            ("estimate", found.beta),
            ("ci_low", found.ci_low),
            ("ci_high", found.ci_high),
        ):
            yield place.row(end, on_scale(row, end), float(values[i]), refits.BY_WLS, scale=size)


def _between(
    analysis: Analysis, place: Place, test: SplitRow, own: Mapping[str, Sequence[EffectRow]]
) -> Iterator[CrosscheckRow]:
    effects = [effect for group in own.values() for effect in group]
    x = mixed.members([name for name, group in own.items() for _ in group])
    x[:, 0] = 1.0  # the first group is what the others are held against
    yi, vi = columns(effects)
    estimator = analysis.model.tau2
    if len(effects) == x.shape[1]:
        tau2, by_what = 0.0, ""  # a group each: nothing tells tau² from the groups
    else:
        tau2, by_what = refits.tau2_of(yi, vi, estimator, x) or (test.tau2 or 0.0, "")
    if by_what:
        yield place.row("tau2", test.tau2, tau2, by_what, scale=float(vi.max()))
    found = refits.refit(yi, vi, tau2, refits.WALD, analysis.model.level, x)
    q = found.q_between
    yield place.row("q", test.q, q, refits.BY_WLS, scale=max(q, 1.0))
    yield place.row("p", test.p, found.p_between, refits.BY_WLS)


def _apart(
    analysis: Analysis, place: Place, test: SplitRow, own: Mapping[str, Sequence[EffectRow]]
) -> Iterator[CrosscheckRow]:
    """Yield the test between groups with a tau² each, by the Wald errors of their means."""
    found = []
    for effects in own.values():
        yi, vi = columns(effects)
        several = len(effects) > 1
        tau2 = refits.tau2_of(yi, vi, analysis.model.tau2) if several else (0.0, "")
        if tau2 is None:
            yield place.none("q", test.q, f"statsmodels has no {analysis.model.tau2}")
            return
        found.append(refits.refit(yi, vi, max(tau2[0], 0.0), refits.WALD, analysis.model.level))
    mean, se = (np.array([getattr(one, name)[0] for one in found]) for name in ("beta", "se"))
    q = refits.q_of(mean, se**2)
    yield place.row("q", test.q, q, refits.BY_WLS, scale=max(q, 1.0))
    yield place.row("p", test.p, float(chdtrc(len(found) - 1, q)), refits.BY_WLS)
