"""Calls of the R script that recompute trial effects, absolute effects and small-study tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ketameta.configuration import Analysis
from ketameta.measures import LARGEST, MEASURES, PLAIN
from ketameta.report.r_code import (
    call,
    flags,
    named_list,
    named_vector,
    r_number,
    text,
    texts,
    vector,
)
from ketameta.report.traces import Traces
from ketameta.synthesize.absolute import MEDIAN, skewed, standard_deviations
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import ResultRow
from ketameta.tables.syntheses import AbsoluteRow, PointsRow, StudyRow, SynthesisRow
from ketameta.tables.table import Row
from ketameta.vocabulary import scale_sign

COUNTS = {"ai": "events_t", "n1i": "n_t", "ci": "events_c", "n2i": "n_c"}
_MEANS = {
    **{"m1i": "mean_t", "sd1i": "sd_t", "n1i": "n_t"},
    **{"m2i": "mean_c", "sd2i": "sd_c", "n2i": "n_c"},
}
_ENDS = ("", "_low", "_high")


def columns(names: Mapping[str, str], rows: Sequence[Row]) -> dict[str, str]:
    """Return columns of a table as R vectors, by the name that R knows them by."""
    return {r: vector([getattr(row, own) for row in rows]) for r, own in names.items()}


def with_counts(studies: Sequence[StudyRow]) -> list[StudyRow]:
    """Return the studies that give counts of both arms."""
    return [s for s in studies if all(getattr(s, name) is not None for name in COUNTS.values())]


def trial_effects(analysis: Analysis, studies: Sequence[StudyRow], traces: Traces) -> str:
    """Recompute each effect that follows from the numbers of its arms: reported contrasts do not.

    An effect within people counts them once, and has as many in both arms.
    """
    paired = [s for s in studies if _within_people(s)]
    apart = [s for s in studies if not _within_people(s)]
    measure = MEASURES[analysis.select.measure]
    if measure.compares_events:
        return _apart("counts", analysis, with_counts(apart), COUNTS) + _counts_of_pairs(
            analysis, with_counts(paired)
        )
    if measure.compares_scores:
        known = [[s for s in group if s.sd_t and s.sd_c] for group in (apart, paired)]
        sign = {"sign": vector(_signs(analysis, known[0]))}
        return _apart("means", analysis, known[0], _MEANS, sign) + _means_of_pairs(
            analysis, known[1], traces
        )
    if measure.is_share:
        names = {"xi": "events_t", "ni": "n_t", "yi": "yi", "vi": "vi"}
        return call("shares", _head(analysis, studies) | columns(names, studies)) if studies else ""
    return ""


def _within_people(s: StudyRow) -> bool:
    return s.n_t == s.n_c and s.people == s.n_t


def _head(analysis: Analysis, studies: Sequence[StudyRow]) -> dict[str, str]:
    return {
        "name": text(f"{analysis.name}, trials"),
        "trials": texts([s.trial_id for s in studies]),
    }


def _measured(analysis: Analysis, studies: Sequence[StudyRow]) -> dict[str, str]:
    return {**_head(analysis, studies), "measure": text(analysis.select.measure)}


def _signs(analysis: Analysis, studies: Sequence[StudyRow]) -> list[int]:
    return [scale_sign(s.scale or "", analysis.select.outcome) for s in studies]


def _apart(
    function: str,
    analysis: Analysis,
    studies: Sequence[StudyRow],
    names: dict[str, str],
    more: dict[str, str] | None = None,
) -> str:
    if not studies:
        return ""
    values = columns(names | {"yi": "yi", "vi": "vi"}, studies)
    return call(function, _measured(analysis, studies) | values | (more or {}))


def _counts_of_pairs(analysis: Analysis, studies: Sequence[StudyRow]) -> str:
    if not studies:
        return ""
    names = {"ai": "events_t", "ci": "events_c", "ni": "n_t", "yi": "yi", "vi": "vi"}
    values = columns(names, studies) | {"r": r_number(analysis.select.correlation)}
    return call("crossover_counts", _measured(analysis, studies) | values)


def _means_of_pairs(analysis: Analysis, studies: Sequence[StudyRow], traces: Traces) -> str:
    """Recompute effects within people; their correlation is assumed, or told by a contrast."""
    if not studies:
        return ""
    told = [_told(traces.evidence(s)) for s in studies]
    names = {"m1i": "mean_t", "sd1i": "sd_t", "m2i": "mean_c", "sd2i": "sd_c", "ni": "n_t"}
    values = columns(names | {"yi": "yi", "vi": "vi"}, studies)
    values["r"] = vector([None if cells else analysis.select.correlation for cells in told])
    values |= {
        r: vector([_cell(cells, own) for cells in told])
        for r, own in (("se", "se"), ("low", "ci_low"), ("high", "ci_high"))
    }
    values["at"] = vector([(_cell(cells, "ci_level") or 95) / 100 for cells in told])
    values["sign"] = vector(_signs(analysis, studies))
    paired = {"paired": text(MEASURES[analysis.select.measure].paired)}
    return call("crossover_means", _head(analysis, studies) | paired | values)


def _told(rows: Sequence[ResultRow]) -> Mapping[str, str]:
    """Return the cells of the reported difference that tells the correlation; none if assumed."""
    found = [row for row in rows if row.file.startswith("contrasts")]
    return found[0].entered if found else {}


def _cell(cells: Mapping[str, str], name: str) -> float | None:
    return float(cells[name]) if cells.get(name) else None


def absolute_effects(
    analysis: Analysis,
    record: SynthesisRow,
    studies: Sequence[StudyRow],
    rows: Sequence[AbsoluteRow],
) -> str:
    """Recompute the risks, differences and numbers needed of the table absolute."""
    measure = record.measure
    counted = [s for s in studies if s.events_c is not None and s.n_c]
    parts = []
    for row in rows:
        if max(x or 0.0 for x in (record.estimate, record.ci_low, record.ci_high)) >= LARGEST:
            continue
        ours = {
            "risk": r_number(row.control_risk),
            **{
                r: vector([getattr(row, own + end) for end in _ENDS])
                for r, own in _ABSOLUTE.items()
            },
        }
        arguments = {
            "name": text(f"{analysis.name}, absolute"),
            "measure": text(measure),
            "pooled": _pooled(record),
            "by": text("median" if row.assumed == MEDIAN else "sum"),
            "ci": vector([s.events_c for s in counted]),
            "n2i": vector([s.n_c for s in counted]),
            "ours": named_list(ours),
        }
        parts.append(call("absolute", arguments))
    return "".join(parts)


_ABSOLUTE = {"treated": "treated_risk", "difference": "difference", "nnt": "nnt"}


def _pooled(record: SynthesisRow) -> str:
    """Write the estimate and its ends on the scale of the analysis."""
    log = "_log" if MEASURES[record.measure].transform is not PLAIN else ""
    return vector([getattr(record, name + log) for name in ("estimate", "ci_low", "ci_high")])


def standardised_points(
    analysis: Analysis,
    record: SynthesisRow,
    studies: Sequence[StudyRow],
    rows: Sequence[PointsRow],
) -> str:
    """Recompute a standardised difference in points of a scale."""
    return "".join(
        call(
            "in_points",
            {
                "name": text(f"{analysis.name}, points"),
                "pooled": _pooled(record),
                "sds": vector(_spreads(row, studies)),
                "sd": r_number(row.sd),
                "points": vector([row.points, row.points_low, row.points_high]),
            },
        )
        for row in rows
    )


def _spreads(row: PointsRow, studies: Sequence[StudyRow]) -> list[float]:
    """Return the SDs behind points: of trials on the scale whose scores are not skewed."""
    on = [s for s in studies if s.sd_c and s.scale == row.scale and not skewed(s)]
    return standard_deviations(on)


def small_studies(
    analysis: Analysis, studies: Sequence[StudyRow], rows: Sequence[AsymmetryRow]
) -> str:
    """Recompute Egger's line and the test by size, with and without crossovers and treatments."""
    tested = ("test_slope", "test_p", "without_crossovers_p", "adjusted_p")
    return "".join(
        call(
            "small_studies",
            {
                "name": text(f"{analysis.name}, asymmetry"),
                **columns({"yi": "yi", "vi": "vi", **COUNTS}, studies),
                "test": text(row.test) if row.test else "NA",
                "crossover": flags([s.design == "crossover" for s in studies]),
                "treated": texts([s.drug_route or "not known" for s in studies]),
                "ours": named_vector(
                    {name: getattr(row, name) for name in ("statistic", "p", "limit", *tested)}
                ),
            },
        )
        for row in rows
    )
