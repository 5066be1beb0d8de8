"""Statistics of meta-analysis: arrays in, numbers out."""

from ketameta.stats.back_transform import back_transform
from ketameta.stats.bayes import Bayes, bayes
from ketameta.stats.classical import (
    CommonEffect,
    MantelHaenszel,
    inverse_variance,
    mantel_haenszel,
    peto,
)
from ketameta.stats.effect_size import MEASURES, EffectSize, effect_size
from ketameta.stats.glmm import Glmm, glmm
from ketameta.stats.gosh import Gosh, gosh
from ketameta.stats.influence import Influence, cumulative, influence, leave_one_out
from ketameta.stats.limit_meta import LimitMeta, limit_meta
from ketameta.stats.multilevel import (
    MultilevelFit,
    correlated_hierarchical,
    multivariate,
    three_level,
    working_covariance,
)
from ketameta.stats.permutation import permutation_test
from ketameta.stats.pooling import random_effects
from ketameta.stats.regression import meta_regression
from ketameta.stats.results import MetaRegression, Permutation, RandomEffects, Subgroups
from ketameta.stats.robust import RobustFit, cluster_robust
from ketameta.stats.selection import Selection, selection_model
from ketameta.stats.small_study import (
    PetPeese,
    RankTest,
    RegressionTest,
    begg,
    egger,
    pet_peese,
    peters,
)
from ketameta.stats.subgroups import subgroup_analysis
from ketameta.stats.trimfill import TrimFill, trim_and_fill

__all__ = [
    "MEASURES",
    "Bayes",
    "CommonEffect",
    "EffectSize",
    "Glmm",
    "Gosh",
    "Influence",
    "LimitMeta",
    "MantelHaenszel",
    "MetaRegression",
    "MultilevelFit",
    "Permutation",
    "PetPeese",
    "RandomEffects",
    "RankTest",
    "RegressionTest",
    "RobustFit",
    "Selection",
    "Subgroups",
    "TrimFill",
    "back_transform",
    "bayes",
    "begg",
    "cluster_robust",
    "correlated_hierarchical",
    "cumulative",
    "effect_size",
    "egger",
    "glmm",
    "gosh",
    "influence",
    "inverse_variance",
    "leave_one_out",
    "limit_meta",
    "mantel_haenszel",
    "meta_regression",
    "multivariate",
    "permutation_test",
    "pet_peese",
    "peters",
    "peto",
    "random_effects",
    "selection_model",
    "subgroup_analysis",
    "three_level",
    "trim_and_fill",
    "working_covariance",
]
