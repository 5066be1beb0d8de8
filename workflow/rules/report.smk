rule report:
    """Write the pages, figures and tables of the report."""
    input:
        ancient(stamp("synthesize")),
    output:
        touch(stamp("report")),
    log:
        "logs/report.log",
    # before the figures, where cores are few: it takes longest
    priority: 1
    message:
        "report: write pages, figures and tables"
    shell:
        "python -m ketameta.job report data/processed reports --aside 2> {log:q}"


rule publish:
    """Put what was made in its place before the run ends: for those who ask for files of it."""
    input:
        lambda wildcards: [ancient(stamp(name)) for name in PUBLISHED[wildcards.what]],
    output:
        touch(stamp("{what}.published")),
    log:
        "logs/publish-{what}.log",
    wildcard_constraints:
        what="|".join(PUBLISHED),
    message:
        "publish: put what was made in its place"
    shell:
        "python -m ketameta.publishing 2> {log:q}"


rule page:
    """Look whether a file of the report or a table is there: it is made with its stage."""
    input:
        published,
    output:
        update("{folder}/{file}"),
    log:
        "logs/page/{folder}/{file}.log",
    wildcard_constraints:
        folder="reports|data/processed",
    message:
        "page: {output}"
    shell:
        "touch -c {output:q};"
        " test -e {output:q} || {{ echo {output:q}: not made, for want of data; exit 1; }}"
