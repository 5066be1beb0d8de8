"""Statistics of meta-analysis: arrays in, numbers out.

What users call stands here; it lives in nine rooms, each of which says at its head what it holds
and in which order to read: `numerics`; on it `effects` and `univariate`; on these `dependent`,
`rare`, `sensitivity`, `bias` and `single`; on `dependent` also `network`. Neither of two on one
floor knows the other.
"""

from ketameta.stats.bias.by_size import (
    deeks,
    harbord,
    macaskill,
    pustejovsky_rodgers,
    size_regression,
)
from ketameta.stats.bias.limit_meta import LimitMeta, limit_meta
from ketameta.stats.bias.pet_peese import PetPeese, pet_peese
from ketameta.stats.bias.rank_test import RankTest, begg
from ketameta.stats.bias.selection import Selection, selection_model
from ketameta.stats.bias.small_study import RegressionTest, egger, peters
from ketameta.stats.bias.trimfill import TrimFill, trim_and_fill
from ketameta.stats.dependent.dose_response import dose_response
from ketameta.stats.dependent.dose_results import DoseCurve, DosePredictions, DoseResponse
from ketameta.stats.dependent.dose_rows import DoseRows, dose_differences, greenland_longnecker
from ketameta.stats.dependent.multilevel import (
    MultilevelFit,
    correlated_hierarchical,
    multivariate,
    three_level,
    working_covariance,
)
from ketameta.stats.dependent.over_time import covariance_over_time, restricted_cubic_spline
from ketameta.stats.dependent.profiles import VarianceIntervals, variance_intervals
from ketameta.stats.dependent.robust import RobustFit, RobustWald, cluster_robust, robust_wald
from ketameta.stats.effects.back_transform import back_transform
from ketameta.stats.effects.effect_size import MEASURES, EffectSize, effect_size
from ketameta.stats.network.contrasts import (
    TrialContrasts,
    common_arm_covariance,
    multi_arm_contrasts,
)
from ketameta.stats.network.fit import Network, network_meta_analysis, network_parts
from ketameta.stats.network.inconsistency import (
    DesignByTreatment,
    NodeSplits,
    design_by_treatment,
    node_splits,
)
from ketameta.stats.network.ranking import Ranks, network_ranks
from ketameta.stats.numerics.ragged import many
from ketameta.stats.rare.beta_binomial import BetaBinomial, beta_binomial
from ketameta.stats.rare.classical import (
    CommonEffect,
    MantelHaenszel,
    inverse_variance,
    mantel_haenszel,
    peto,
)
from ketameta.stats.rare.glmm import Glmm, glmm
from ketameta.stats.sensitivity.agreement import (
    Agreement,
    Icc,
    Limits,
    absolute_icc,
    cohen_kappa,
    limits_of_agreement,
)
from ketameta.stats.sensitivity.fragility import Fragility, fragility
from ketameta.stats.sensitivity.gosh import Gosh, gosh, gosh_shares
from ketameta.stats.sensitivity.influence import Influence, cumulative, influence, leave_one_out
from ketameta.stats.sensitivity.looks import (
    Boundaries,
    Confidence,
    confidence_sequence,
    sequential_boundaries,
)
from ketameta.stats.sensitivity.missing_outcomes import (
    gamble_hollis,
    informative_difference,
    informative_missing,
)
from ketameta.stats.sensitivity.new_trial import NewTrial, conditional_power, with_new_trial
from ketameta.stats.sensitivity.permutation import permutation_test
from ketameta.stats.sensitivity.residuals import RegressionInfluence, regression_influence
from ketameta.stats.single.pooled import Pooled, pool
from ketameta.stats.univariate.bayes import Bayes, bayes
from ketameta.stats.univariate.heterogeneity import I2FromQ, i2_from_q
from ketameta.stats.univariate.pooling import pool_many, random_effects
from ketameta.stats.univariate.predictions import Contrasts, Predictions, contrasts, predicted
from ketameta.stats.univariate.regression import meta_regression
from ketameta.stats.univariate.results import MetaRegression, Permutation, RandomEffects, Subgroups
from ketameta.stats.univariate.subgroups import subgroup_analysis
from ketameta.stats.univariate.tau_priors import (
    TauPrior,
    half_cauchy,
    half_normal,
    log_normal,
    log_t,
)

__all__ = [
    "MEASURES",
    "Agreement",
    "Bayes",
    "BetaBinomial",
    "Boundaries",
    "CommonEffect",
    "Confidence",
    "Contrasts",
    "DesignByTreatment",
    "DoseCurve",
    "DosePredictions",
    "DoseResponse",
    "DoseRows",
    "EffectSize",
    "Fragility",
    "Glmm",
    "Gosh",
    "I2FromQ",
    "Icc",
    "Influence",
    "LimitMeta",
    "Limits",
    "MantelHaenszel",
    "MetaRegression",
    "MultilevelFit",
    "Network",
    "NewTrial",
    "NodeSplits",
    "Permutation",
    "PetPeese",
    "Pooled",
    "Predictions",
    "RandomEffects",
    "RankTest",
    "Ranks",
    "RegressionInfluence",
    "RegressionTest",
    "RobustFit",
    "RobustWald",
    "Selection",
    "Subgroups",
    "TauPrior",
    "TrialContrasts",
    "TrimFill",
    "VarianceIntervals",
    "absolute_icc",
    "back_transform",
    "bayes",
    "begg",
    "beta_binomial",
    "cluster_robust",
    "cohen_kappa",
    "common_arm_covariance",
    "conditional_power",
    "confidence_sequence",
    "contrasts",
    "correlated_hierarchical",
    "covariance_over_time",
    "cumulative",
    "deeks",
    "design_by_treatment",
    "dose_differences",
    "dose_response",
    "effect_size",
    "egger",
    "fragility",
    "gamble_hollis",
    "glmm",
    "gosh",
    "gosh_shares",
    "greenland_longnecker",
    "half_cauchy",
    "half_normal",
    "harbord",
    "i2_from_q",
    "influence",
    "informative_difference",
    "informative_missing",
    "inverse_variance",
    "leave_one_out",
    "limit_meta",
    "limits_of_agreement",
    "log_normal",
    "log_t",
    "macaskill",
    "mantel_haenszel",
    "many",
    "meta_regression",
    "multi_arm_contrasts",
    "multivariate",
    "network_meta_analysis",
    "network_parts",
    "network_ranks",
    "node_splits",
    "permutation_test",
    "pet_peese",
    "peters",
    "peto",
    "pool",
    "pool_many",
    "predicted",
    "pustejovsky_rodgers",
    "random_effects",
    "regression_influence",
    "restricted_cubic_spline",
    "robust_wald",
    "selection_model",
    "sequential_boundaries",
    "size_regression",
    "subgroup_analysis",
    "three_level",
    "trim_and_fill",
    "variance_intervals",
    "with_new_trial",
    "working_covariance",
]


def __dir__() -> list[str]:
    return __all__
