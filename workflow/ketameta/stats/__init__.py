"""Statistics of meta-analysis: arrays in, numbers out."""

from ketameta.stats.effect_size import MEASURES, EffectSize, effect_size

__all__ = ["MEASURES", "EffectSize", "effect_size"]
