"""The workflow of this repository as plain `snakemake` finds it; its text is workflow/Snakefile."""


include: "workflow/Snakefile"


# what is included names no default
rule whole:
    default_target: True
    input:
        rules.all.input,
