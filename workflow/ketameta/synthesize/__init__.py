"""From effects to pooled results: one synthesis an analysis, with weights and subgroups."""

from ketameta.synthesize.stage import synthesize

__all__ = ["synthesize"]
