"""Several effects a trial: models in which they depend on each other.

Start with `multilevel`, the models; `mixed` is their likelihood, `nested` the quick way to it for
effects within clusters, `shared` what they check and report alike. `over_time` fills in the
covariance of what a trial reports again and again, and gives the columns of a curve through it.
`robust` gives standard errors that hold if the covariance assumed was wrong.
"""
