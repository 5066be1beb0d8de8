"""The estimators of tau²: what is said of each, and what metafor calls it.

Under the same names the functions are in `stats.univariate.tau2`, which knows nothing of this
module; a test holds the two in step. The configuration takes its names from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator of tau²: what follows "τ² by", and its `method` in metafor (None: it has none).

    A source in brackets is a key of `report.references`; one not read by the report stands with
    the function.
    """

    words: str
    metafor: str | None


ESTIMATORS = {
    "EE": Estimator("the assumption that it is 0", "EE"),
    "DL": Estimator("the DerSimonian-Laird estimator (DerSimonian 1986)", "DL"),
    "DL2": Estimator("the two-step estimator of DerSimonian and Kacker", None),
    "HE": Estimator("the estimator of Hedges and Olkin", "HE"),
    "HS": Estimator("the estimator of Hunter and Schmidt", "HS"),
    "HSk": Estimator("the estimator of Hunter and Schmidt, corrected for few trials", "HSk"),
    "SJ": Estimator("the estimator of Sidik and Jonkman", "SJ"),
    "ML": Estimator("maximum likelihood", "ML"),
    "REML": Estimator("restricted maximum likelihood (Viechtbauer 2005)", "REML"),
    "EB": Estimator("the empirical Bayes estimator", "EB"),
    "PM": Estimator("the Paule-Mandel estimator (Paule 1982)", "PM"),
    "PMM": Estimator("the median-unbiased Paule-Mandel estimator", "PMM"),
}
