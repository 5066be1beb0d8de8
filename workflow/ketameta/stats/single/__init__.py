"""One analysis in one line, as a person gives it and reads it.

Start with `pooled` (`pool`): effects with standard errors in, and out a result that shows its
studies, turns into a table and draws itself. `inputs` reads lists, arrays, Series and tables.
"""
