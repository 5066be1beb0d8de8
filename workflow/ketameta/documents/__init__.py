"""Files that people write in YAML: read with the line of each value, held against a closed form.

`document` reads a file, `fields` says what values may be, `forms` makes of dataclasses what a file
may hold, `faults` words what it may not, and `files` does all of it for a file.
"""
