"""Statistics of meta-analysis: arrays in, numbers out."""

from ketameta.stats.back_transform import back_transform
from ketameta.stats.classical import (
    CommonEffect,
    MantelHaenszel,
    inverse_variance,
    mantel_haenszel,
    peto,
)
from ketameta.stats.effect_size import MEASURES, EffectSize, effect_size
from ketameta.stats.glmm import Glmm, glmm
from ketameta.stats.permutation import permutation_test
from ketameta.stats.pooling import random_effects
from ketameta.stats.regression import meta_regression
from ketameta.stats.results import MetaRegression, Permutation, RandomEffects, Subgroups
from ketameta.stats.subgroups import subgroup_analysis

__all__ = [
    "MEASURES",
    "CommonEffect",
    "EffectSize",
    "Glmm",
    "MantelHaenszel",
    "MetaRegression",
    "Permutation",
    "RandomEffects",
    "Subgroups",
    "back_transform",
    "effect_size",
    "glmm",
    "inverse_variance",
    "mantel_haenszel",
    "meta_regression",
    "permutation_test",
    "peto",
    "random_effects",
    "subgroup_analysis",
]
