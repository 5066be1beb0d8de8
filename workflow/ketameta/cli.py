"""The command line for people: check, run, explain, diff, release, pool."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ketameta import __version__

DESCRIPTION = """\
Meta-analysis of ketamine and esketamine trials, from extraction table to report.

  ketameta check            are the tables in data/raw/ in order? every fault, with its place
  ketameta run              bring the report up to date; says what runs and why
  ketameta explain response_24h murrough2013a
                            where a number came from, down to the raw cells
  ketameta diff --rev HEAD~1 HEAD
                            what changed in the data, and which estimate moved for it
  ketameta pool FILE.csv --measure RR
                            pool any table of effects, counts or means
  ketameta convert data/raw tables.xlsx
                            edit the tables in Excel; the same command takes them back
"""
EPILOG = """\
Exit status: 0 in order, 1 faults in data or configuration, 2 wrong use of this command;
of diff also 10 an estimate, certainty or verdict moved, 11 a conclusion flipped.
`ketameta COMMAND --help` tells more of each.
"""
DIFF = """\
Say which rows changed between two versions of the data, which estimates moved, how far, what
verdict and certainty became, whether a conclusion flipped, and which edit did it (each edit made
alone, the analysis fitted again; edits of risk of bias move certainty alone and are not fitted).

OLD and NEW are folders such as data/processed, or with --rev two git revisions: of these the raw
tables are read and pooled in memory, both with the present configuration, so that only data move.
With --config-too each revision is pooled with its own configuration where that is valid now; the
notes say where it is not, and which questions changed.

Certainty is rated with the present thresholds; folders of older versions that lack what it needs
say "not recorded", and what is not recorded has not moved.

Prints Markdown. Exit status: 0 nothing moved, 10 an estimate, a certainty or the verdict on a claim
moved, 11 a conclusion flipped (the interval excluded no effect before and not after, or the other
way round, or changed sides; or the trials were for a claim and are not now, or against it), 1 a
version has faults, 2 no such version.
"""
CONVERT = """\
Write tables in another form, every cell as it was entered; nothing is overwritten.

  ketameta convert data/raw tables.xlsx     to edit in Excel: drop-downs, notes, units
  ketameta convert tables.xlsx data/raw     and back (--tsv for TSV files)
  ketameta convert CD015373-data-rows.csv new
                                            a start from a Cochrane review's data rows: trials,
                                            arms, counts, means and differences. What a review does
                                            not say stays empty; `ketameta check new` names it.
"""
POOL = """\
Pool a CSV file with one row a study. Columns carry metafor's names:

  GEN         yi and vi (or sei)              PLO PR PAS PFT   xi ni
  RR OR RD    ai n1i ci n2i (or ai bi ci di)  IRR              x1i t1i x2i t2i
  MD SMD ROM  m1i sd1i n1i m2i sd2i n2i       ZCOR COR         ri ni

A column `study` names the rows. Ratios are pooled as logs and shown as ratios.

FILE may be the data rows of a Cochrane review (…-data-rows.csv of its data package): say which
with --analysis 1.2 (and --subgroup). The measure is then the one that gives the effects printed in
the file, unless --measure says another.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="ketameta", description=DESCRIPTION, epilog=EPILOG, formatter_class=raw
    )
    top.add_argument("--version", action="version", version=f"ketameta {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    check = commands.add_parser(
        "check",
        help="check the raw tables",
        formatter_class=raw,
        description="Check every raw table; print all faults at once, as file:line column: fault.",
    )
    check.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("data/raw"),
        help="folder with the tables (default: data/raw)",
    )

    run = commands.add_parser(
        "run",
        help="bring the report up to date",
        formatter_class=raw,
        description="Run what the last changes call for, and say why. Recovers from a killed run.",
    )
    run.add_argument("--cores", default="all", help="processor cores to use (default: all)")
    run.add_argument("-n", "--dry-run", action="store_true", help="only say what would run and why")
    run.add_argument("-f", "--force", action="store_true", help="run every stage")
    run.add_argument("-v", "--verbose", action="store_true", help="show Snakemake's own output")

    _add_tools(commands)
    _add_change(commands)
    return top


def _add_tools(commands: Any) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    explain = commands.add_parser(
        "explain",
        help="where a number came from",
        formatter_class=raw,
        description="Print an analysis, or one trial's effect with every step and raw row.",
    )
    explain.add_argument("analysis", help="name of the analysis, such as response_24h")
    explain.add_argument("trial", nargs="?", help="trial_id, such as murrough2013a")

    template = commands.add_parser(
        "template",
        help="empty tables to fill",
        formatter_class=raw,
        description="Write one empty CSV file a raw table, or a workbook with a sheet a table and\n"
        "drop-downs; nothing is overwritten.",
    )
    template.add_argument("folder", type=Path, help="folder to write them to, or a FILE.xlsx")

    convert = commands.add_parser(
        "convert",
        help="tables between CSV, TSV and Excel; from RevMan",
        formatter_class=raw,
        description=CONVERT,
    )
    convert.add_argument("source", metavar="FROM", type=Path, help="folder, FILE.xlsx or FILE.csv")
    convert.add_argument("target", metavar="TO", type=Path, help="folder, or a FILE.xlsx")
    convert.add_argument("--tsv", action="store_true", help="write TSV files, not CSV")
    convert.add_argument("--analysis", metavar="1.2", help="of RevMan's data rows, this one alone")
    convert.add_argument("--reference", metavar="DOI", help="of the review, as the rows' source")

    pool = commands.add_parser("pool", help="pool any table", formatter_class=raw, description=POOL)
    pool.add_argument("file", type=Path, help="CSV file")
    pool.add_argument("--measure", help="effect measure (default: GEN)")
    pool.add_argument("--analysis", metavar="1.2", help="of RevMan's data rows, the analysis")
    pool.add_argument("--subgroup", metavar="NAME", help="and one of its subgroups")
    pool.add_argument("--tau2", default="REML", help="estimator of tau² (default: REML)")
    pool.add_argument(
        "--interval",
        default="auto",
        help="wald, hksj, hksj-adhoc, profile, henmi-copas or auto (default)",
    )
    pool.add_argument("--prediction", default="k-1", help="k-1 (default), k-2, normal or hksj")
    pool.add_argument(
        "--level", type=float, default=0.95, help="level of intervals (default: 0.95)"
    )
    pool.add_argument("--json", action="store_true", help="print JSON with every digit")


def _add_change(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands on change between versions."""
    raw = argparse.RawDescriptionHelpFormatter
    diff = commands.add_parser(
        "diff", help="what changed between two versions", formatter_class=raw, description=DIFF
    )
    diff.add_argument("old", metavar="OLD", help="folder of an earlier run, or a revision")
    diff.add_argument("new", metavar="NEW", help="folder of a later run, or a revision")
    diff.add_argument("--rev", action="store_true", help="OLD and NEW are git revisions")
    diff.add_argument(
        "--config-too", action="store_true", help="each revision with its own configuration"
    )
    diff.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    diff.add_argument("--json", action="store_true", help="print JSON with every digit")

    release = commands.add_parser(
        "release",
        help="record what these tables give",
        formatter_class=raw,
        description="Keep the estimates of this report in reports/versions/, to tell what moved.",
    )
    release.add_argument("--date", help="its date, 2027-01-31 (default: of the data's last commit)")


def _do(given: argparse.Namespace) -> int:
    """Run a command; each is imported alone, since start-up is most of what a user waits for."""
    from importlib import import_module

    command = getattr(import_module(f"ketameta.commands.{given.command}"), given.command)
    taken = {
        "check": lambda: (given.folder,),
        "run": lambda: (given.cores, given.dry_run, given.force, given.verbose),
        "explain": lambda: (given.analysis, given.trial),
        "release": lambda: (given.date,),
        "template": lambda: (given.folder,),
    }
    status: int = command(*taken.get(given.command, lambda: (given,))())
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of another encoding gets escapes
            stream.reconfigure(errors="backslashreplace")
    given = parser().parse_args(arguments)
    try:
        return _do(given)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
