"""The within-person correlation that a paired comparison of the same periods implies."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.measures import in_points
from ketameta.normalize import conversions
from ketameta.normalize.contrasts import is_paired
from ketameta.normalize.conversions import ConversionError
from ketameta.normalize.measures import Correlation
from ketameta.normalize.records import ArmSummary, Trial
from ketameta.normalize.results import AnyResult, Contrast, preferred_first


def reported_correlation(
    trial: Trial, t: ArmSummary, c: ArmSummary, hour: float | None, rows: Sequence[AnyResult]
) -> Correlation | None:
    """Return the correlation behind a reported paired mean difference of two periods.

    A paired difference with its standard error or interval, of the same arms, hour and scale, and
    the SDs of both periods, give r (Cochrane Handbook 23.2.7.2). None where nothing of the kind
    is reported, or where the numbers do not fit any correlation.
    """
    if t.sd is None or c.sd is None or len(t.arms) != 1 or len(c.arms) != 1:
        return None
    place = (t.arms[0].arm_id, c.arms[0].arm_id), hour, t.rows[0].scale
    here = (
        r for r in rows if isinstance(r, Contrast) and place == (r.arms, r.timepoint_h, r.scale)
    )
    for row in preferred_first([r for r in here if in_points(r.measure) and is_paired(trial, r)]):
        try:
            se = row.se or _se(row, int(t.n))
            r = conversions.correlation_from_paired_se(t.sd, c.sd, se, int(t.n))
        except ConversionError:
            continue
        return Correlation(r, f"r from the reported paired difference, {row.key}", row)
    return None


def _se(row: Contrast, n: int) -> float:
    if row.ci_low is None or row.ci_high is None:
        raise ConversionError("no interval")
    level = (row.ci_level or 95) / 100
    return conversions.se_from_interval(row.ci_low, row.ci_high, level, n - 1)
