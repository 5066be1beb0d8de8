"""Two extractions of the same trials: matched, compared, adjudicated, merged.

`sides` reads them, `matching` says which rows are the same and by what, `disagreements` what they
say differently, `agreement` how well they agree, `impact` which disagreement matters,
`adjudication` keeps the lines that people decide, `corrections` the cells to mend, and `merging`
makes one set of tables of all that. No stage of the report runs any of it.
"""
