"""Tools that know no model of meta-analysis: what every other room stands on.

`checks` asks of input what all ask of it, `words` knows the names of methods elsewhere, `shown`
prints results; start with these three. The sums that tau2 is found by are in `sums`, the search in
`climb`, maxima of a few parameters in `newton`, integrals over one normal effect in `quadrature`,
quantiles and tails in `distributions`, what is left of a parameter that was integrated out in
`mixtures`. `batch` fits one analysis after the other where a model has no better way, `ragged`
takes analyses of any size as columns.
"""
