rule figures:
    """Draw what the synthesis says of itself, beside the report."""
    input:
        ancient(stamp("synthesize")),
    output:
        touch(stamp("figures")),
    log:
        "logs/figures.log",
    message:
        "figures: draw funnels, refits, influence and time courses"
    shell:
        "python -m ketameta.job figures data/processed reports --aside 2> {log:q}"


rule distributions:
    """Draw what seaborn draws, beside the synthesis: the data alone give it."""
    input:
        ancient(stamp("normalize")),
    output:
        touch(stamp("distributions")),
    log:
        "logs/distributions.log",
    message:
        "distributions: draw reductions arm by arm and the map of the evidence"
    shell:
        "python -m ketameta.job distributions data/processed reports --aside 2> {log:q}"


rule prints:
    """Write every figure as PDF and PNG, for journals: only when asked for."""
    input:
        [ancient(stamp(stage)) for stage in ("report", "figures", "distributions")],
    output:
        touch(stamp("prints")),
    log:
        "logs/prints.log",
    message:
        "prints: write every figure as PDF and PNG"
    shell:
        "python -m ketameta.job prints data/processed reports --aside 2> {log:q}"
