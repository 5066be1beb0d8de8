"""Beside the figures: every number that is pooled once more by another path, and what comes of it.

`reports/tables/crosscheck.csv` holds each number with its independent value, and a picture of a
line a page says it there: the report does not wait. A difference that is not among those known is
told, and where `CI` is set stops the run. A model that has no second path stands there with why.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from ketameta.configuration import Analysis, Configuration
from ketameta.crosscheck.courses import course_again
from ketameta.crosscheck.groups import split_again
from ketameta.crosscheck.moderators import regressions_again
from ketameta.crosscheck.pooled import controls_again, pairs_again, pooled
from ketameta.crosscheck.rows import BY_GRID, Place
from ketameta.crosscheck.small_study import adjusted_again, asymmetry_again
from ketameta.figures.metrics import wrap
from ketameta.figures.scene import Scene, Text, to_svg
from ketameta.report_files import COURSES, crosscheck_files, line_of
from ketameta.tables.bayes import PosteriorRow
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseFitRow,
    CourseGroupRow,
    CoursePointRow,
)
from ketameta.tables.crosscheck import CrosscheckRow, Verdict
from ketameta.tables.diagnostics import AsymmetryRow, PairSynthesisRow, TrustRow
from ketameta.tables.effects import ArmPairRow, CourseEffectRow, EffectRow, VariantRow
from ketameta.tables.moderators import CoefficientRow, FittedRow, ModeratedRow, RegressionRow
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.small_study import AdjustedRow
from ketameta.tables.syntheses import (
    ControlShareRow,
    SensitivityRow,
    SplitRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.tables.table import Row, schema_of
from ketameta.tables.trust import WITHOUT_SERIOUS, doubted, trusted
from ketameta.vocabulary.narrowing import slug

# of the line of a page: as wide as a phone, and two lines of text, smaller where it is long
SIZE = (350.0, 36.0)
_LINE, _SIZES = 17.0, (13.0, 11.0)
# what is recomputed of an analysis besides itself, and what has its fits
_OF_ANALYSES: tuple[type[Row], ...] = (
    *(SubgroupRow, SplitRow, SensitivityRow, AsymmetryRow, AdjustedRow, PosteriorRow),
    *(RegressionRow, CoefficientRow, ModeratedRow, FittedRow),
    *(PairSynthesisRow, ArmPairRow, ControlShareRow, TrustRow),
)
_OF_COURSES: tuple[type[Row], ...] = (CourseFitRow, CourseGroupRow, CoursePointRow, CourseChangeRow)
_NO_SAMPLER = "statsmodels integrates no prior of tau"


def crosscheck(tables: Tables, configuration: Configuration) -> list[CrosscheckRow]:
    """Return each number that is recomputed of every synthesis, its other choices and courses."""
    records = {row.analysis: row for row in tables[SynthesisRow]}
    effects = by(tables[EffectRow], lambda row: row.analysis)
    others = by(tables.get(VariantRow), lambda row: (row.analysis, row.variant))
    of = {kind: by(tables.get(kind), attrgetter("analysis")) for kind in _OF_ANALYSES}
    found: list[CrosscheckRow] = []
    for analysis in configuration.asked(records):
        name = analysis.name
        beside = Tables({kind: rows[name] for kind, rows in of.items()})
        chosen = {variant: own for (which, variant), own in others.items() if which == name}
        found += pooled(analysis, Place(name), records[name], effects[name])
        found += _beside(analysis, beside, effects[name], chosen)
    over = {kind: by(tables.get(kind), attrgetter("course")) for kind in _OF_COURSES}
    by_hour = by(tables.get(CourseEffectRow), lambda row: row.analysis)
    for course in configuration.courses:
        own = Tables({kind: rows[course.name] for kind, rows in over.items()})
        found += course_again(course, own, by_hour[course.name])
    return found


def _beside(
    analysis: Analysis,
    own: Tables,
    effects: Sequence[EffectRow],
    chosen: Mapping[str, Sequence[VariantRow]],
) -> Iterator[CrosscheckRow]:
    """Yield the numbers of what an analysis has besides its pooled result."""
    same = {v.name for v in analysis.variants if v.select == analysis.select}
    for choice in own[SensitivityRow]:
        others: Sequence[PoolableEffect] = chosen.get(choice.variant, ())
        others = effects if choice.variant in same else others
        if choice.variant == WITHOUT_SERIOUS:
            others = trusted(effects, doubted(own[TrustRow]))
        yield from pooled(analysis, Place(analysis.name, choice.variant), choice, others)
    groups = by(own[SubgroupRow], lambda row: row.split)
    for test in own[SplitRow]:
        yield from split_again(analysis, test, groups[test.split], effects)
    yield from regressions_again(analysis, own, effects)
    for line in own[AsymmetryRow]:
        yield from asymmetry_again(analysis, line, effects)
    for method in own[AdjustedRow]:
        yield from adjusted_again(analysis, method, effects)
    for difference in own[PairSynthesisRow]:
        yield from pairs_again(analysis, difference, own[ArmPairRow])
    for share in own[ControlShareRow]:
        yield from controls_again(analysis, share, effects)
    for prior in own[PosteriorRow][:1]:
        yield Place(analysis.name, "", "posterior").none("estimate", prior.estimate, _NO_SAMPLER)


def said(rows: Sequence[CrosscheckRow]) -> str:
    """Return the line of a page, from the rows of its analysis."""
    verdicts = Counter(Verdict(row.verdict) for row in rows)
    number = verdicts.total() - verdicts[Verdict.ABSENT]
    if verdicts[Verdict.DIFFERENT]:
        count = verdicts[Verdict.DIFFERENT]
        return f"Recomputed with statsmodels: {count} of {number} numbers differ."
    if not number:
        why = next((row.why for row in rows), "nothing is pooled")
        return f"Not recomputed: {why}."
    known, absent = verdicts[Verdict.KNOWN], verdicts[Verdict.ABSENT]
    text = f"Recomputed with statsmodels: {number - known} numbers equal to 1e-8"
    text += " (mixed models of counts to 1e-6)" if any(row.by == BY_GRID for row in rows) else ""
    text += f", {known} apart for a known reason" if known else ""
    return text + (f", {absent} without a second path." if absent else ".")


def files(
    rows: Sequence[CrosscheckRow], names: Iterable[str], courses: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield path and text of the table, and of the line of each page as a picture.

    `courses` are the names of the time courses, which share a page.
    """
    columns = schema_of(CrosscheckRow).names
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if v is None else v for v in attrgetter(*columns)(row)] for row in rows)
    table, *_ = crosscheck_files(())
    yield table, out.getvalue()
    own = by(rows, lambda row: row.analysis)
    pages = {slug(name): own[name] for name in names}
    if courses:
        pages[COURSES] = [row for name in courses for row in own[name]]
    for name, told in pages.items():
        yield line_of(name), to_svg(_line(said(told)), f"{name}-line", standalone=True)


def _line(text: str) -> Scene:
    """Return the picture of what is said."""
    broken = {size: wrap(text, size, SIZE[0]) for size in _SIZES}
    size = next((size for size, lines in broken.items() if len(lines) < 3), _SIZES[-1])
    lines = [
        Text(0, 14 + _LINE * n, line, role="muted", size=size)
        for n, line in enumerate(broken[size])
    ]
    return Scene(*SIZE, "Second opinion", text, tuple(lines))
