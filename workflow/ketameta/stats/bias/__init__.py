"""Studies that were not published, or look better because they are small.

Start with `small_study`, the regression tests, on which `pet_peese` builds; `rank_test` goes by
ranks. `trimfill` adds what seems missing, `limit_meta` goes on to a study of infinite size,
`selection` models publication itself.
"""
