"""Several effects a trial: models in which they depend on each other.

Start with `multilevel`, the models; `mixed` is their likelihood, `nested` the quick way to it for
effects within clusters, `structures` what the covariance of true effects may look like, `shared`
what they check and report alike; `profiles` gives intervals of the variances. `over_time` fills in
the covariance of what a trial reports again and again, and gives the columns of a curve through it.
For doses `dose_rows` and `dose_response` are that (`dose_results` what comes out). `robust` gives
standard errors, and tests of several coefficients, that hold if the covariance assumed was wrong.
"""
