"""Would another choice have said the same? Answers pooled again, and raters held side by side.

Start with `influence`: one study left out, or added, at a time; `residuals` does so of a
meta-regression, with leverage. `gosh` pools every subset, `fragility` moves events until the
conclusion turns, `new_trial` adds a trial that is not there yet, `missing_outcomes` tells what
people lost would have shown, `permutation` shuffles signs and moderators, `looks` keeps the error
of looking after every trial. `agreement` says how far two raters of the same data agree; it stands
alone.
"""
