"""Network meta-analysis: several treatments compared at once, directly and through each other.

Start with `fit`, the estimates of all pairs; `rows` turns the contrasts of trials into independent
rows for it. `contrasts` brings what trials of several arms report into the form that it reads.
`ranking` says which treatment may be best, and how surely; `inconsistency` whether direct and
indirect evidence agree.
"""
