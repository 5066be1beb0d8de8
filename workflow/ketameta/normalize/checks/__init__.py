"""Checks that read the numbers as an expert would: each finding says where, what and why.

`findings` is what a check returns, `view` the tables with the look-ups that several need, `run`
the table of all checks. A module holds one family; its docstring says which numbers count as odd,
and why that line is drawn where it is. Nothing is repaired and nothing is left out because of a
finding: a person decides.
"""
