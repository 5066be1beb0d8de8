"""From what papers report to what an effect size needs: pure functions, plain numbers.

Each function names its formula, domain and source, and raises `ConversionError` with one
sentence where the numbers do not allow the step. Nothing here reads files, knows trials
or chooses a method.

- `binary`: counts from percentages; `fourfold`: counts from a ratio and its interval.
- `spread`: SDs of one group; `quantiles` with `five_numbers` and `skew_fits`: mean and SD from
  medians and ranges.
- `differences`: standard errors from intervals and tests; `pvalues`: printed p-values.
- `correlation`: what reported numbers say of a within-person correlation.
"""

from ketameta.normalize.conversions.binary import (
    events_from_percent,
    nearest_events,
    possible_counts,
)
from ketameta.normalize.conversions.checks import ConversionError
from ketameta.normalize.conversions.correlation import (
    correlation_from_paired_se,
    correlation_from_sds,
    feasible_phi,
)
from ketameta.normalize.conversions.differences import (
    log_interval_se,
    log_odds_from_smd,
    sd_from_paired_se,
    sd_from_se_of_difference,
    se_from_f,
    se_from_interval,
    se_from_p,
    se_from_t,
    smd_from_log_odds,
)
from ketameta.normalize.conversions.fourfold import (
    counts_from_ratio,
    possible_tables,
    solve_fourfold,
)
from ketameta.normalize.conversions.pvalues import parse_p
from ketameta.normalize.conversions.quantiles import (
    mean_sd_from_quantiles,
    sd_from_quantiles,
    too_skewed,
)
from ketameta.normalize.conversions.spread import (
    change_sd,
    combine_groups,
    sd_from_interval,
    sd_from_se,
)

__all__ = [
    "ConversionError",
    "change_sd",
    "combine_groups",
    "correlation_from_paired_se",
    "correlation_from_sds",
    "counts_from_ratio",
    "events_from_percent",
    "feasible_phi",
    "log_interval_se",
    "log_odds_from_smd",
    "mean_sd_from_quantiles",
    "nearest_events",
    "parse_p",
    "possible_counts",
    "possible_tables",
    "sd_from_interval",
    "sd_from_paired_se",
    "sd_from_quantiles",
    "sd_from_se",
    "sd_from_se_of_difference",
    "se_from_f",
    "se_from_interval",
    "se_from_p",
    "se_from_t",
    "smd_from_log_odds",
    "solve_fourfold",
    "too_skewed",
]
