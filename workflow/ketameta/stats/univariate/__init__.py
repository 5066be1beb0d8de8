"""One effect a study: pooled, explained by moderators, compared between groups.

Start with `pooling` (`random_effects`), which says in which order the parts are used: `units` and
`models` arrange the data, `tau2` holds the estimators, `likelihood` the search for those by maximum
likelihood, `heterogeneity` I2, H2 and Q, `intervals` and `prediction` the rules, of which `profile`
and `henmi_copas` are longer; `one_rule` says what a rule makes of a pooled effect, `own_weights`
takes weights as told. `results` are the records returned. `regression` does the same with
moderators (`design` for `models`), `predictions` asks it of other values of them, `subgroups`
compares groups, `bayes` integrates over the `tau_priors`, `posteriors` for many analyses at once.
"""
