"""Studies that were not published, or look better because they are small.

Start with `small_study`: regression and rank tests, PET-PEESE. `trimfill` adds what seems missing,
`limit_meta` goes on to a study of infinite size, `selection` models publication itself.
"""
