"""How many specifications a second the multiverse takes, beside metafor's time for one of them.

``python tests/benchmarks/multiverse.py`` after a run: the analyses of the project, processor time.
With R and metafor, `rma` fits the largest set of effects again and again in the same minute.
"""

import shutil
import subprocess
import time
from pathlib import Path

from ketameta.configuration import load
from ketameta.read_tables import ReadTables
from ketameta.synthesize.multiverse import multiverse
from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.syntheses import SynthesisRow

MADE = Path("data/processed")
TIMES = 200


def ours():
    """Return specifications, different sets and seconds over all analyses, and the largest set."""
    tables = ReadTables(MADE, (EffectRow, VariantRow, JudgementRow, SynthesisRow))
    records = {row.analysis: row for row in tables[SynthesisRow]}
    effects, variants, judgements = (
        by(tables[kind], lambda row: row.analysis) for kind in (EffectRow, VariantRow, JudgementRow)
    )
    given = [
        (a, records[a.name], effects[a.name], by(variants[a.name], lambda row: row.variant),
         judgements[a.name], None)
        for a in load().asked(records)
    ]  # fmt: skip
    start = time.process_time()
    found = [row for one in given for row in multiverse(*one)[0]]
    seconds = time.process_time() - start
    largest = max(effects.values(), key=len)
    return sum(r.specifications for r in found), sum(r.sets for r in found), seconds, largest


def metafor(effects):
    """Return the seconds of one `rma` by REML with the interval of Knapp and Hartung."""
    columns = (",".join(repr(getattr(e, name)) for e in effects) for name in ("yi", "vi"))
    yi, vi = columns
    code = (
        f"suppressMessages(library(metafor)); y <- c({yi}); v <- c({vi}); s <- proc.time()[[1]]; "
        f"for (i in 1:{TIMES}) rma(y, v, method='REML', test='knha'); cat(proc.time()[[1]] - s)"
    )
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    return float(done.stdout) / TIMES


def main():
    specifications, sets, seconds, largest = ours()
    each = seconds / specifications
    print(f"{specifications:,} specifications of {sets:,} sets of effects in {seconds:.2f} s")
    print(f"{1 / each:,.0f} a second")
    if shutil.which("Rscript"):
        other = metafor(largest)
        print(f"metafor, one fit of {len(largest)} effects: {1000 * other:.2f} ms, or")
        print(f"{other / each:,.0f} specifications")


if __name__ == "__main__":
    main()
