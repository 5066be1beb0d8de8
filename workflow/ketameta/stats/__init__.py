"""Statistics of meta-analysis: arrays in, numbers out."""

from ketameta.stats.back_transform import back_transform
from ketameta.stats.effect_size import MEASURES, EffectSize, effect_size

__all__ = ["MEASURES", "EffectSize", "back_transform", "effect_size"]
