"""Beside the figures: every pooled result once more by statsmodels, and what comes of it.

`reports/tables/crosscheck.csv` holds each number with its independent value, and a picture of a
line a page says it there: the report does not wait. A difference that is not among those known is
told, and where `CI` is set stops the run.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import numpy as np

from ketameta.configuration import Analysis, Configuration
from ketameta.crosscheck import refits
from ketameta.figures.scene import Scene, Text, to_svg
from ketameta.measures import MEASURES, ODDS
from ketameta.report_files import crosscheck_files, line_of
from ketameta.tables.collection import Tables, by
from ketameta.tables.crosscheck import CrosscheckRow, Verdict
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.fits import Engine
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow
from ketameta.tables.table import schema_of
from ketameta.vocabulary.narrowing import slug

# of what is compared, relative to its size and at least to Wald's standard error
TOLERANCE = 1e-8
# of Q above its degrees of freedom, where an iteration is at its root
_ROOT = 1e-7
SIZE = (640.0, 20.0)
NOT_AT_ROOT = "statsmodels' iteration ends off the root, at 0 where rounding takes it past"
DL_BELOW_0 = "statsmodels leaves the DerSimonian-Laird estimate below 0, where others take 0"
_NO_PATH = {
    Engine.GLMM: "statsmodels fits no binomial-normal model by maximum likelihood",
    Engine.THREE_LEVEL: "effects that share a control: statsmodels has no such model",
}


def crosscheck(tables: Tables, configuration: Configuration) -> list[CrosscheckRow]:
    """Return each number that is recomputed of every synthesis, and of its other choices."""
    records = {row.analysis: row for row in tables[SynthesisRow]}
    effects = by(tables[EffectRow], lambda row: row.analysis)
    choices = by(tables[SensitivityRow], lambda row: row.analysis)
    lines = {row.analysis: row for row in tables[AsymmetryRow]}
    found: list[CrosscheckRow] = []
    for analysis in configuration.asked(records):
        name, own = analysis.name, effects[analysis.name]
        found += _pooled(analysis, "", records[name], own)
        same = {v.name for v in analysis.variants if v.select == analysis.select}
        for row in choices[name]:
            if row.variant in same:
                found += _pooled(analysis, row.variant, row, own)
        if name in lines:
            found += _line(analysis, lines[name], own)
    return found


def _pooled(
    analysis: Analysis, variant: str, record: Estimate, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield the numbers of one pooled result."""
    if record.estimate is None or len(effects) < 2:
        return
    names = analysis.name, variant
    if record.engine == Engine.MANTEL_HAENSZEL:
        yield _mantel_haenszel(names, record, effects)
    elif record.engine == Engine.INDEPENDENT:
        yield from _least_squares(names, analysis, record, effects)
    elif record.engine != Engine.SINGLE:
        why = _NO_PATH.get(Engine(record.engine), f"statsmodels has no path for {record.engine}")
        yield _row(names, "estimate", _on_scale(record, "estimate"), None, "", why)


def _least_squares(
    names: tuple[str, str], analysis: Analysis, record: Estimate, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    yi, vi = (np.array([*map(attrgetter(name), effects)]) for name in ("yi", "vi"))
    ours = record.tau2 or 0.0
    if record.rule not in (refits.WALD, refits.HKSJ, refits.FLOORED):
        why = f"least squares give no interval by {record.rule}"
        yield _row(names, "estimate", _on_scale(record, "estimate"), None, "", why)
        return
    used = ours
    if (independent := refits.tau2_of(yi, vi, record.tau2_by or "")) is None:
        why = f"statsmodels has no {record.tau2_by}; what follows takes tau² as reported"
        yield _row(names, "tau2", ours, None, "", why)
    else:
        tau2, by_what = independent
        known = DL_BELOW_0 if record.tau2_by == "DL" and tau2 < 0 == ours else ""
        yield _row(names, "tau2", ours, tau2, by_what, known, scale=float(vi.max()))
        if record.tau2_by == "PM":
            again = refits.iterated(yi, vi)
            known = NOT_AT_ROOT if abs(refits.excess(yi, vi, again)) > _ROOT and tau2 > 0 else ""
            told = "tau2, iterated", ours, again, refits.BY_COMBINING, known
            yield _row(names, *told, scale=float(vi.max()))
        used = max(tau2, 0.0)
    found = refits.refit(yi, vi, used, str(record.rule), analysis.model.level)
    for number in ("estimate", "se", "ci_low", "ci_high"):
        value = getattr(found, number)
        here = record.se if number == "se" else _on_scale(record, number)
        yield _row(names, number, here, value, refits.BY_WLS, scale=found.size)
    yield _row(names, "q", record.q, found.q, refits.BY_WLS, scale=max(found.q, 1.0))


def _mantel_haenszel(
    names: tuple[str, str], record: Estimate, effects: Sequence[EffectRow]
) -> CrosscheckRow:
    measure, ours = MEASURES[record.measure], _on_scale(record, "estimate")
    counts = [
        (e.events_t, e.n_t, e.events_c, e.n_c)
        for e in effects
        if None not in (e.events_t, e.n_t, e.events_c, e.n_c)
    ]
    if not measure.is_ratio:
        why = f"StratifiedTable pools no {measure.words}"
        return _row(names, "estimate", ours, None, refits.BY_TABLES, why)
    odds = measure.name == ODDS.name
    theirs = math.log(refits.mantel_haenszel(counts, odds=odds))  # type: ignore[arg-type]
    return _row(names, "estimate", ours, theirs, refits.BY_TABLES)


def _line(
    analysis: Analysis, row: AsymmetryRow, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield Egger's regression of effects on their standard errors."""
    if row.slope is None:
        return
    yi, vi = (np.array([*map(attrgetter(name), effects)]) for name in ("yi", "vi"))
    slope, statistic = refits.slope_on(yi, np.sqrt(vi), 1 / vi)
    for number, ours, theirs in (
        ("Egger's slope", row.slope, slope),
        ("Egger's t", row.statistic, statistic),
    ):
        yield _row((analysis.name, ""), number, ours, theirs, refits.BY_WLS)


def _on_scale(record: Estimate, end: str) -> float | None:
    """Return an end on the scale of the analysis."""
    found: float | None = getattr(record, f"{end}_log", None)
    if found is None:
        found = getattr(record, end)
    return found


def _row(
    names: tuple[str, str],
    number: str,
    ours: float | None,
    theirs: float | None,
    by_what: str,
    why: str = "",
    *,
    scale: float = 1.0,
) -> CrosscheckRow:
    """Return a number beside its independent value; `why` is what is known of a difference."""
    if theirs is None or ours is None:
        verdict = Verdict.ABSENT
        why = why or "not reported"
    elif abs(ours - theirs) <= TOLERANCE * max(abs(ours), scale):
        verdict, why = Verdict.EQUAL, ""
    else:
        verdict = Verdict.KNOWN if why else Verdict.DIFFERENT
    return CrosscheckRow(
        analysis=names[0],
        variant=names[1],
        number=number,
        ours=ours,
        theirs=theirs,
        by=by_what if theirs is not None else "",
        verdict=str(verdict),
        why=why,
    )


def differing(rows: Iterable[CrosscheckRow]) -> list[str]:
    """Return a line for each number that is another than its independent value, and not known."""
    return [
        f"{row.analysis}{', ' if row.variant else ''}{row.variant}: {row.number} is {row.ours!r}, "
        f"recomputed by {row.by} {row.theirs!r}"
        for row in rows
        if row.verdict == Verdict.DIFFERENT
    ]


def said(rows: Sequence[CrosscheckRow]) -> str:
    """Return the line of a page, from the rows of its analysis."""
    told = [row for row in rows if row.verdict != Verdict.ABSENT]
    other = [row for row in told if row.verdict == Verdict.DIFFERENT]
    known = [row for row in told if row.verdict == Verdict.KNOWN]
    if other:
        return f"Recomputed with statsmodels: {len(other)} of {len(told)} numbers differ."
    if not told:
        why = next((row.why for row in rows), "nothing is pooled")
        return f"Not recomputed: {why}."
    text = f"Recomputed with statsmodels: {len(told) - len(known)} numbers equal to 1e-8"
    return f"{text}, {len(known)} apart for a known reason." if known else f"{text}."


def files(rows: Sequence[CrosscheckRow], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield path and text of the table, and of the line of each page as a picture."""
    columns = schema_of(CrosscheckRow).names
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if v is None else v for v in attrgetter(*columns)(row)] for row in rows)
    table, *_ = crosscheck_files(())
    yield table, out.getvalue()
    own = by(rows, lambda row: row.analysis)
    for name in names:
        text = said(own[name])
        line = Text(0, 14, text, role="muted", size=13)
        scene = Scene(*SIZE, "Second opinion", text, (line,))
        yield line_of(slug(name)), to_svg(scene, f"{slug(name)}-line", standalone=True)
