"""From the numbers that a trial reports to an effect, yi, and its sampling variance, vi.

Start with `effect_size`: the table of measures and the one function that users call. `inputs`
checks the raw numbers, `cells` arranges 2×2 tables. Then a module a kind of data: `binary`
(events), `continuous` (means), `variability` (how much people differ), `change` (people measured
twice), `paired` (both treatments), `onegroup`, `correlation`. `back_transform`
leads back to the scale that people read.
"""
