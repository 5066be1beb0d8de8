"""Studies that were not published, or look better because they are small.

Start with `small_study`, the regression tests, on which `pet_peese` builds; those of `by_size` go
by what does not hold the effect itself, `rank_test` by ranks. `trimfill` adds what seems missing,
`limit_meta` goes on to a study of infinite size, `selection` models publication itself.
"""
