"""A library: a folder of reviews, pooled in chunks that are jobs of their own, then put together.

    snakemake --cores 2 library --config library=FOLDER
    snakemake --workflow-profile workflow/profiles/slurm library --config library=FOLDER library_chunks=40

Keys of --config: `library`, the folder (data/library), `library_chunks`, how many jobs (8, at most
64), `library_out`, the folder to write (library). A review that is added or edited calls for one
chunk. Whatever the chunks, all but time.html and the chunks themselves has the same bytes.

In a project of ketameta this is part of its Snakefile; alone, it needs no project: `snakemake -s` or
`module:` with this file.
"""

if "BESIDE" not in globals():

    include: "package.smk"


from ketameta.library.asked import asked, code

try:
    LIBRARY = asked(config)
except ValueError as error:
    raise WorkflowError(str(error)) from None


rule library:
    """Put the chunks together: three datasets of Parquet, their summary and its page."""
    input:
        [
            f"{LIBRARY.chunk(number)}/{table}.parquet"
            for number in range(1, LIBRARY.chunks + 1)
            for table in ("studies", "analyses", "reviews")
        ],
    output:
        [directory(LIBRARY.out / table) for table in ("studies", "analyses", "reviews")],
        [LIBRARY.out / name for name in ("summary.csv", "library.html", "time.html")],
    log:
        "logs/library.log",
    params:
        code=lambda wildcards: code(of_chunk=False),
        chunks=lambda wildcards, input: sorted(
            {str(Path(name).parent) for name in input}
        ),
        out=lambda wildcards, output: str(Path(output[0]).parent),
    message:
        "library: put the chunks together"
    shell:
        "python -m ketameta library --gather {params.chunks:q} --out {params.out:q} 2> {log:q}"


rule library_chunk:
    """Read and pool the reviews of a chunk."""
    input:
        lambda wildcards: [local(path) for path in LIBRARY.files(wildcards.number)],
    output:
        [
            f"{LIBRARY.chunk('{number}')}/{name}"
            for name in (
                "studies.parquet",
                "analyses.parquet",
                "reviews.parquet",
                "time.json",
            )
        ],
    log:
        f"logs/library/{{number}}-of-{LIBRARY.chunks}.log",
    wildcard_constraints:
        number="[0-9]+",
    params:
        code=lambda wildcards: code(of_chunk=True),
        folder=lambda wildcards: LIBRARY.folder.as_posix(),
        out=lambda wildcards, output: str(Path(output[0]).parent),
        chunk=f"{{number}}/{LIBRARY.chunks}",
    message:
        "library: pool the reviews of chunk {params.chunk}"
    shell:
        "python -m ketameta library {params.folder:q} --chunk {params.chunk:q} --out {params.out:q}"
        " 2> {log:q}"
