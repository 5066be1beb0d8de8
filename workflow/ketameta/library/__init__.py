"""A library: a folder of reviews in any form, read, pooled and summed up in parts.

`places` finds the reviews and says which part and which chunk each is in; `chunk` reads and pools
the reviews of a chunk, `rows` turns what was found into tables; `gather` puts chunks together,
`summary` counts what there is to say of the whole.
"""
