FIGURE_SOURCES = sources(
    "figures",
    "report/__init__",
    "report/bias",
    "report/diagnostic_data",
    "report/forest_data",
    "report/graphics",
    "report/naming",
    "report/statistical_data",
    "report/wording",
    "report/wording_notes",
    "synthesize/__init__",
    "synthesize/scales",
    "tables",
    "vocabulary",
    "configuration",
)


rule figures:
    """Draw what the synthesis says of itself, beside the report."""
    input:
        tables=processed("synthesize"),
        code=FIGURE_SOURCES,
        schema="workflow/config/schema.yaml",
    output:
        # which figures there are follows from the data: the list names them
        "reports/figures/figures.csv",
        f"data/processed/{FIGURE_LIST}",
    log:
        "logs/figures.log",
    params:
        config=CONFIG.as_posix(),
        digest=CONFIGURATION.digest("select", "model", "display"),
    message:
        "figures: draw funnels, refits, influence and time courses"
    shell:
        "python -m ketameta.steps figures data/processed reports"
        " --config {params.config:q} 2> {log:q}"


rule distributions:
    """Draw what seaborn draws, beside the synthesis: the data alone give it."""
    input:
        tables=[f"data/processed/{name}.parquet" for name in ("reductions", "coverage")],
        code=FIGURE_SOURCES,
        schema="workflow/config/schema.yaml",
    output:
        f"data/processed/{DISTRIBUTION_LIST}",
    log:
        "logs/distributions.log",
    params:
        config=CONFIG.as_posix(),
        digest=CONFIGURATION.digest("select"),
    message:
        "distributions: draw reductions arm by arm and the map of the evidence"
    shell:
        "python -m ketameta.steps distributions data/processed reports"
        " --config {params.config:q} 2> {log:q}"


rule prints:
    """Write every figure as PDF and PNG, for journals: only when asked for."""
    input:
        rules.report.output,
        rules.figures.output,
        rules.distributions.output,
        tables=processed("synthesize"),
        code=FIGURE_SOURCES,
    output:
        touch("reports/figures/.prints"),
    log:
        "logs/prints.log",
    params:
        config=CONFIG.as_posix(),
    message:
        "prints: write every figure as PDF and PNG"
    shell:
        "python -m ketameta.steps prints data/processed reports"
        " --config {params.config:q} 2> {log:q}"
