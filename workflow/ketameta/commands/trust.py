"""`ketameta trust`: the form of an assessor of trustworthiness, and filled forms put together."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ketameta.configuration import CONFIG, load
from ketameta.freshness import RAW
from ketameta.ingest.formats import delimited_text, header_of
from ketameta.ingest.places import EXCEL, read_table_file
from ketameta.ingest.reader import DELIMITERS
from ketameta.ingest.stage import ingest
from ketameta.project import from_here
from ketameta.storage import write_bytes, write_text
from ketameta.tables import trust as tool
from ketameta.tables.assessed import PrefilledRow
from ketameta.tables.collection import Tables
from ketameta.tables.problems import ERROR, ProblemRow, errors, escaped
from ketameta.tables.raw import RAW_KINDS, TRUSTWORTHINESS, TrialRow
from ketameta.vocabulary import hint, vocabulary

DESCRIPTION = """\
Assess the trustworthiness of the trials by INSPECT-SR: two people, each with a form of their own.

  ketameta trust form A a.xlsx          the form of assessor A: 21 checks, four domains and overall
                                        for each trial, with what the number checks found; FILE.csv
                                        as well, --trial for some trials alone
  ketameta trust join a.xlsx b.xlsx     put filled forms into data/raw/trustworthiness.csv: rows
                                        without an answer stay out, those of before are kept

A form has answers only where the numbers decide (2.2 by its days, 4.8); look at these too. Judge
each domain and the trial: nothing is judged for you. What the two then agree on, or a third
decides, are rows of the assessor `agreed`, in a form of that name. `ketameta check` names what does
not fit.
Exit status: 0 done, 1 faults in tables or forms, or a file is there already, 2 wrong use.
"""
ABOUT = (
    "INSPECT-SR, one row a check, a domain or the whole of a trial. Guidance: https://inspect.sr",
    "Checks (C…): answer yes where it is a concern. Domains (D…) and overall: give a judgement.",
    "support says why; source and locator say where you looked. x_found is what the program found.",
    "A finding can be a slip of the extraction. That nothing is found answers no check.",
    "Serious concerns only where they are beyond reasonable doubt; you may stop there.",
)
_WIDTHS = {"item": 9, "support": 40, "x_trial": 24, "x_concern": 44, "x_found": 60}
_NAME = TRUSTWORTHINESS.name
Cells = dict[str, str]
# trial, item and assessor
Key = tuple[str, str, str]


class FormError(ValueError):
    """Why a form cannot be made or joined, in lines."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta trust` takes."""
    parser.description = DESCRIPTION
    what = parser.add_subparsers(dest="what", metavar="form|join", required=True)
    form = what.add_parser("form", help="write the form of an assessor")
    form.add_argument("assessor", help="as the rows are to name them, such as A")
    form.add_argument("file", type=from_here, metavar="FILE", help="FILE.xlsx or FILE.csv")
    form.add_argument(
        "--trial", action="append", metavar="ID", help="this trial alone; again: more"
    )
    join = what.add_parser("join", help="put filled forms into data/raw/trustworthiness.csv")
    join.add_argument("forms", type=from_here, nargs="+", metavar="FORM", help="a filled form")


def trust(given: argparse.Namespace) -> int:
    """Write a form, or join forms; see `DESCRIPTION` for the exit status."""
    try:
        said = _form(given) if given.what == "form" else _join(given.forms)
    except FormError as error:
        print(escaped(str(error)), file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror or error}", file=sys.stderr)
        return 1
    print(said)
    return 0


def _form(given: argparse.Namespace) -> str:
    path: Path = given.file
    if path.suffix.lower() not in (EXCEL, *DELIMITERS):
        raise FormError(f"{path.name}: a form is a FILE.xlsx or a FILE.csv")
    if os.path.lexists(path):
        raise FormError(f"{path.name}: is there already, and nothing is written over")
    found, problems = ingest(RAW)
    if faults := errors(problems):
        raise FormError("\n".join([*map(str, faults), f"no form is made: {RAW.as_posix()} first"]))
    kinds = {**RAW_KINDS, "problems": ProblemRow}
    tables = Tables.of_arrow({name: kinds[name] for name in found}, found)
    trials = tables[TrialRow]
    wanted = given.trial or [row.trial_id for row in trials]
    known = [row.trial_id for row in trials]
    for name in wanted:
        if name not in known:
            raise FormError(f"{name}: no such trial{hint(name, known)}")
    rows = form_rows([t for t in trials if t.trial_id in wanted], given.assessor, _told(tables))
    if path.suffix.lower() == EXCEL:
        from ketameta.ingest.workbook_template import workbook_of

        write_bytes(path, workbook_of({_NAME: TRUSTWORTHINESS}, {_NAME: rows}, ABOUT, _WIDTHS))
    else:
        ending = path.suffix.lower()
        write_text(path, delimited_text(header_of(TRUSTWORTHINESS, rows), rows, ending))
    return f"{path.name}: {len(wanted)} trials, {len(rows)} rows for {given.assessor}"


def _told(tables: Tables) -> list[PrefilledRow]:
    """Return what the program says of each check, by the effects of the project's analyses."""
    from ketameta.normalize.stage import normalize
    from ketameta.tables.table import rows_of

    return rows_of(PrefilledRow, normalize(tables, load(CONFIG))["prefilled"])


def form_rows(
    trials: Iterable[TrialRow], assessor: str, told: Iterable[PrefilledRow]
) -> list[Cells]:
    """Return the rows of a form: each check and domain of each trial, and the whole.

    An answer stands there only where the numbers decide.
    """
    words, asked = vocabulary().words("trust_items"), vocabulary().number_checks
    known = {(row.trial_id, row.item): row for row in told}
    items = [item for domain, checks in tool.DOMAINS.items() for item in (*checks, domain)]
    rows = []
    for trial in trials:
        for item in (*items, tool.OVERALL):
            one = known.get((trial.trial_id, item))
            nothing = f"nothing found in {one.looked}" if one else ""
            seen = "; ".join(one.found) or nothing if one else ""
            decided = one is not None and asked[item].decides and one.answer != tool.UNCLEAR
            rows.append(
                {
                    "trial_id": trial.trial_id,
                    "item": item,
                    "answer": (one.answer or "") if one and decided else "",
                    "support": f"number checks: {seen}" if decided else "",
                    "assessor": assessor,
                    "x_trial": trial.label,
                    "x_concern": words[item],
                    "x_found": seen,
                }
            )
    return rows


def _join(forms: Sequence[Path]) -> str:
    target = RAW / f"{_NAME}.csv"
    before = _filled([target]) if target.exists() else {}
    new = _filled(forms)
    joined = before | new
    order = {item: at for at, item in enumerate(vocabulary().words("trust_items"))}
    keys = sorted(joined, key=lambda key: (key[0], order.get(key[1], len(order)), key[2]))
    rows = [joined[key] for key in keys]
    text = delimited_text(header_of(TRUSTWORTHINESS, rows), rows, ".csv")
    write_text(target, text)
    changed = sum(before[key] != cells for key, cells in new.items() if key in before)
    added = len(joined) - len(before)
    return f"{target.as_posix()}: {len(rows)} rows, {added} new, {changed} changed"


def _filled(places: Sequence[Path]) -> dict[Key, Cells]:
    """Return the rows of forms that somebody filled, without the columns that only explain."""
    found: dict[Key, Cells] = {}
    for place in places:
        text = read_table_file(place, TRUSTWORTHINESS)
        if faults := [p for p in text.problems if p.severity == ERROR]:
            raise FormError("\n".join(map(str, faults)))
        for row in text.rows:
            cells = {name: row.cells.get(name, "") for name in TRUSTWORTHINESS.names}
            key = cells["trial_id"], cells["item"], cells["assessor"]
            if not cells["answer"] and not cells["judgement"]:
                continue
            if found.get(key, cells) != cells:
                raise FormError(f"{text.file}:{row.line}: {' / '.join(key)} stands twice")
            found[key] = cells
    return found
