"""Few events: methods that take the counts themselves rather than yi and vi.

Start with `classical`: Mantel-Haenszel, Peto, inverse variance, all without heterogeneity. `glmm`
allows for it: `kernels` holds the likelihood of one study, `marginal` of all, `ascent` finds the
maximum. `beta_binomial` compares two arms' risks that vary from trial to trial, and
leaves no trial out.
"""
