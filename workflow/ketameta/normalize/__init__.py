"""From what trials report to effect sizes, with every step and every unused row on record."""

from ketameta.normalize.stage import normalize

__all__ = ["normalize"]
