"""PET-PEESE: the effect expected at a standard error of 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ketameta.stats.bias.small_study import RegressionTest, weighted_line
from ketameta.stats.numerics.batch import unbatched
from ketameta.stats.numerics.checks import as_effects
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.results import Number


@dataclass(frozen=True, repr=False)
class PetPeese(Shown):
    """Both regressions and the conditional estimate; numbers of shape (...).

    `estimate` and what follows are those of `peese` where `uses_peese`, else of `pet`.
    """

    estimate: Number
    se: Number
    p: Number
    ci_low: Number
    ci_high: Number
    uses_peese: Any
    pet: RegressionTest
    peese: RegressionTest


def pet_peese(
    yi: ArrayLike, vi: ArrayLike, *, threshold: float = 0.10, level: float = 0.95
) -> PetPeese:
    """Extrapolate to a standard error of 0, on the standard error or on its square.

    Parameters
    ----------
    yi, vi
        As in `egger`.
    threshold
        PEESE (on the variance) is used where the limit of PET (on the standard error)
        has a two-sided p below this, else PET. 0.10 is a one-sided test at 5%.
    level
        Confidence level.

    Returns
    -------
    PetPeese, t on k - 2 degrees. Fewer than 3 studies or equal standard errors: NaN.

    Raises
    ------
    ValueError
        As `checks.as_effects`.

    References
    ----------
    Stanley & Doucouliagos (2014), Research Synthesis Methods 5, 60, equations 3 and 4.

    Examples
    --------
    >>> from ketameta.stats import pet_peese
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> pet_peese(yi, vi)
    PetPeese
                  value
    estimate     0.8827
    se           0.4614
    p            0.1517
    ci_low      -0.5858
    ci_high       2.351
    uses_peese       no
    """
    y, v = as_effects(yi, vi)
    pet = weighted_line(y, v, np.sqrt(v), level)
    peese = weighted_line(y, v, v, level)
    use = np.less(pet.limit_p, threshold)

    def chosen(name: str) -> Any:
        return unbatched(np.where(use, getattr(peese, name), getattr(pet, name)))

    return PetPeese(
        estimate=chosen("limit"),
        se=chosen("limit_se"),
        p=chosen("limit_p"),
        ci_low=chosen("limit_low"),
        ci_high=chosen("limit_high"),
        uses_peese=unbatched(use),
        pet=pet,
        peese=peese,
    )
