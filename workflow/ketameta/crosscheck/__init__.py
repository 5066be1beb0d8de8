"""The pooled results once more by statsmodels: a second opinion that shares no code with ours."""
