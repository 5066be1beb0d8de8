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
from ketameta.stats.pooling import random_effects
from ketameta.stats.results import RandomEffects

__all__ = [
    "MEASURES",
    "CommonEffect",
    "EffectSize",
    "MantelHaenszel",
    "RandomEffects",
    "back_transform",
    "effect_size",
    "inverse_variance",
    "mantel_haenszel",
    "peto",
    "random_effects",
]
