"""`ketameta compare`: where two extractions differ, and which difference matters."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ketameta.commands.examine import configured
from ketameta.commands.extractions import (
    WHEN,
    Record,
    WrongUseError,
    date_of,
    hold,
    matching_options,
    record_of,
    status_of,
)
from ketameta.commands.versions import KNOWN, tables_at, version
from ketameta.configuration import CONFIG, Configuration, ConfigurationError, load
from ketameta.extraction.agreement import column_agreement
from ketameta.extraction.cells import FREE
from ketameta.extraction.matching import SAMPLE
from ketameta.extraction.records import Comparison, Disagreement, Impact, Side
from ketameta.extraction.sides import SIDE_BY_SIDE, UnreadableSideError
from ketameta.ingest.places import read_place
from ketameta.tables.collection import Tables
from ketameta.tables.problems import Problem, escaped
from ketameta.tables.raw import EFFECT_TABLES, RAW_KINDS
from ketameta.tables.upkeep import ADJUDICATION

DESCRIPTION = """\
Hold two extractions of the same trials against each other: which rows are the same and by what,
how well they agree, where they differ, and what each difference does to the results.

  ketameta compare data/raw second        two folders or workbooks with tables like data/raw; a
                                          release or a revision of git is named as in ketameta diff
  ketameta compare both --raters A B      rows of two raters in one place, told apart by a column
                                          rater (rows without one are both raters')
  ketameta compare A B --adjudicate FILE  a line a difference (.csv, .tsv, .xlsx), for people to
                                          decide; then ketameta merge A B FILE OUT

A is the extraction that is kept where nothing else is said. Trials, arms and rows are matched by
their keys, else by registration, DOI, PMID, label, author and year, treatment and dose, or by how
alike they are; each match says by what. Rows with faults are compared as they were entered. Cells
are compared by what they say: 24 and 24.0 are the same.

Each difference is tried: the analyses that it reaches are fitted with A's cell and with B's, by the
questions of the project; the largest come first. A cell that breaks a rule of ketameta check beside
A's other cells, or does nothing without B's others, is tried with its row; one slip in several rows
of a trial (hours in days, another scale) is tried in all of them and told once. A FILE of
--adjudicate that is there already keeps what people wrote in it.

Exit status: 0 they agree, 10 they differ, 1 a side cannot be read, 2 wrong use.
"""
_PAGES = (".html", ".htm")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta compare` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("a", metavar="A", help="the first extraction, or the place of both")
    parser.add_argument("b", metavar="B", nargs="?", help="the second")
    parser.add_argument("--raters", nargs=2, metavar=("X", "Y"), help="two raters of one place")
    matching_options(
        parser,
        "hours this near may be one time point",
        "B is a second reading of some of the trials: of the others nothing is missing",
        "B is a batch of more rows: what A alone has is no difference",
    )
    parser.add_argument(
        "--text",
        action="store_true",
        help="compare as well what only people read: notes, locators, support, addresses",
    )
    parser.add_argument("--no-impact", action="store_true", help="do not try the differences")
    parser.add_argument("--json", action="store_true", help="print JSON with every digit")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    parser.add_argument("--adjudicate", type=Path, metavar="FILE", help="write the lines to decide")
    parser.add_argument(
        "--take-new",
        metavar="REASON",
        help="of --adjudicate: decide that rows of one side stand, for this reason; with --role "
        "(of a sample those of B: what B lacks of its own trials is to be looked at)",
    )
    parser.add_argument("--role", default="", metavar="NAME", help="of --take-new: who decides")
    parser.add_argument("--date", default="", help=f"of --take-new: {WHEN}")


def compare(given: argparse.Namespace) -> int:
    """Compare, and say what was found; 0 they agree, 10 they differ, 1 unreadable, 2 wrong use."""
    return status_of("compare", lambda spare: _compare(given, spare))


def _check(given: argparse.Namespace) -> None:
    """Raise `WrongUseError` where options do not go together."""
    if given.raters and given.b is not None:
        raise WrongUseError("--raters is for the rows of one place; two are given")
    if not given.tolerance_h >= 0:
        raise WrongUseError("--tolerance-h is 0 or more")
    new = given.take_new
    if new is not None and not (new.strip() and given.adjudicate and given.role.strip()):
        raise WrongUseError("--take-new REASON needs --adjudicate FILE and --role NAME")
    date_of(given)
    if given.html and given.html.suffix.lower() not in _PAGES:
        raise WrongUseError(f"{given.html}: a page stands in {', '.join(_PAGES)}")
    if given.adjudicate:
        from ketameta.extraction.adjudication import ENDINGS

        if given.adjudicate.suffix.lower() not in ENDINGS:
            raise WrongUseError(f"{given.adjudicate}: decisions stand in {', '.join(ENDINGS)}")
        sides_of = [Path(name).resolve() for name in (given.a, given.b) if name]
        if given.adjudicate.name in KNOWN or given.adjudicate.resolve() in sides_of:
            raise WrongUseError(
                f"{given.adjudicate}: holds tables; give the lines a file of their own"
            )


def _compare(given: argparse.Namespace, spare: Path) -> int:
    _check(given)
    names = [name for name in (given.a, given.b) if name is not None]
    place = tables_at(version(given.a), spare / "a")
    record = record_of(read_place(place)[0])
    held = hold(given, names, place, record, spare, given.text)
    found = _open(held.found, record)
    configuration = _configuration(given, place, held.a)
    impacts = _impacts(held.a.tables, found, configuration)
    whole = Comparison(
        held.a,
        held.b,
        held.matching,
        tuple(column_agreement(held.a, held.b, held.matching)),
        impacts,
        configuration is not None,
    )
    _print_comparison(given, whole, configuration or Configuration(()))
    if given.adjudicate:
        _write_lines(given, impacts, whole.tried)
    return 10 if found else 0


def _open(found: Sequence[Disagreement], record: Record) -> Sequence[Disagreement]:
    """Leave out what was decided before and still differs, and say how much that is."""
    if not record:
        return found
    from ketameta.extraction.adjudication import settled

    before = {one.id for one in settled(found, record)}
    left = [one for one in found if one.id not in before]
    if before:
        print(f"{len(before):,} more were decided before ({ADJUDICATION.name})", file=sys.stderr)
    return left


def _configuration(given: argparse.Namespace, place: Path, a: Side) -> Configuration | None:
    """Return the questions of A's project, else of this folder's; None, with why, for no impact."""
    if given.no_impact:
        return None
    lacking = [table for table in EFFECT_TABLES if RAW_KINDS[table] not in a.tables.kinds()]
    if lacking:
        why = f"A has no table {lacking[0]}"
    else:
        found, faults = configured(place)
        if found is None and not faults and CONFIG.is_file():
            try:
                found = load(CONFIG)
            except ConfigurationError as error:
                faults = [Problem(CONFIG.as_posix(), 0, "", "", str(error).partition("\n")[0])]
        if found is not None:
            return found
        why = faults[0].message if faults else f"there is no {CONFIG.as_posix()}"
    print(escaped(f"differences are not tried: {why}"), file=sys.stderr)
    return None


def _impacts(
    tables: Tables, found: Sequence[Disagreement], configuration: Configuration | None
) -> tuple[Impact, ...]:
    """Return what each difference does; text that only people read does nothing, and is last."""
    if configuration is None:
        return tuple(Impact(one, (), None, ()) for one in found)
    from ketameta.extraction.impact import ranked_by_impact

    data = ranked_by_impact(tables, [one for one in found if one.column not in FREE], configuration)
    return (*data, *(Impact(one, (), 0.0, ()) for one in found if one.column in FREE))


def _print_comparison(
    given: argparse.Namespace, whole: Comparison, configuration: Configuration
) -> None:
    from ketameta.report.comparison_json import as_json
    from ketameta.report.comparison_words import markdown
    from ketameta.storage import write_text

    if given.html:
        from ketameta.report.comparison import standalone

        write_text(given.html, standalone(whole, configuration))
    if given.json:
        print(json.dumps(as_json(whole), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(markdown(whole, configuration))


def _write_lines(given: argparse.Namespace, impacts: Sequence[Impact], tried: bool) -> None:
    """Write the lines to decide, with what people wrote into those that are there already.

    Where no difference was ``tried``, with what the file has of an earlier try, and in its order.
    """
    from ketameta.extraction import adjudication
    from ketameta.storage import write_bytes

    path = given.adjudicate
    if given.b is None:
        impacts = [one for one in impacts if one.disagreement.table not in SIDE_BY_SIDE]
    made = adjudication.open_lines(impacts)
    if given.take_new:
        written = {"reason": given.take_new, "role": given.role.strip(), "date": date_of(given)}
        made = adjudication.take_new(made, written, of_a=given.scope != SAMPLE)
    before = adjudication.read_lines(path) if path.exists() else adjudication.Lines()
    if before.torn:
        lines = "\n".join(str(problem) for problem in before.torn)
        raise UnreadableSideError(f"{lines}\n{path.as_posix()}: is left as it is")
    ids = {impact.disagreement.id: impact.disagreement.ids for impact in impacts}
    done = adjudication.update(made, before, ids, tried=tried)
    write_bytes(path, adjudication.content(done.lines, path.suffix.lower()))
    parts = [
        (done.kept, "kept as they were written"),
        (done.ended, "of what disagrees no more stand below"),
        (done.dropped, "empty ones left out"),
    ]
    said = "".join(f", {count:,} {what}" for count, what in parts if count and before.lines)
    print(f"written: {path.as_posix()}: {len(done.lines):,} lines{said}", file=sys.stderr)
