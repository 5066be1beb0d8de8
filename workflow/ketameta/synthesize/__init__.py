"""From effects to pooled results: one synthesis an analysis, with weights and subgroups."""
