"""Reviews of others: read in the forms that people hold, and computed again by their own rules.

Start with `model`, what a review is; `reading` finds out which form a file has, and `package`,
`rm5`, `analysis_csv` and `long` read one each into it. `rules` computes as RevMan does, all pools
at once; `reproduce` holds the results against those that the file prints and names what differs,
`modern` pools the same data as it is advised today.

`convert` turns a review, or a table of another program, into the start of our tables (`drafts`):
`layouts` describes a format by its columns, a record each, `layout_tables` reads them and
`layout_written` writes them; `study_data`, `references` and `judgements` take what else a package
holds.
"""
