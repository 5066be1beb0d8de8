"""Several effects a trial: models in which they depend on each other.

Start with `multilevel`, the models; `mixed` is their likelihood, `shared` what they check and
report alike. `robust` gives standard errors that hold if the covariance assumed was wrong.
"""
