"""`ketameta reproduce`: every pooled result of published reviews, computed again."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ketameta.ingest.text import UnreadableError
from ketameta.reviews.causes import with_cause
from ketameta.reviews.modern import Modern, modernised
from ketameta.reviews.reading import FORMS, read_review
from ketameta.reviews.reproduce import Result
from ketameta.reviews.reproduce import reproduce as reproduced
from ketameta.reviews.told import as_csv, as_rows, lines
from ketameta.storage import write_bytes
from ketameta.tables.problems import escaped

DESCRIPTION = f"""\
Compute every pooled estimate of a published review again, by the review's own settings and RevMan's
rules, and hold it against what the file prints, digit by printed digit; then pool the same rows as
it is advised today (REML, HKSJ, prediction interval) and say which conclusions change.

  ketameta reproduce CD012345.zip            {FORMS.split(", or ")[0].split(", a review")[0]}
  ketameta reproduce review.rm5 --html page.html --csv results.csv

REVIEW is {FORMS}.
A result that differs is named with its cause, where another way of pooling the same rows gives what
is printed. Results that a file does not print, or did not calculate, are not counted.

Exit status: 0 all equal, 10 some differ, 1 a file cannot be read, 2 wrong use.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta reproduce` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("reviews", metavar="REVIEW", nargs="+", type=Path, help="file or folder")
    parser.add_argument("--json", action="store_true", help="print JSON with every digit")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row a pooled result")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with forest plots")


def reproduce(given: argparse.Namespace) -> int:
    """Compute and say what was found; 0 all equal, 10 some differ, 1 a file cannot be read."""
    reviews = []
    for path in given.reviews:
        try:
            reviews.append(read_review(path))
        except UnreadableError as error:
            place = f"{path}:{error.line}" if error.line else str(path)
            print(escaped(f"{place}: {error}"), file=sys.stderr)
            return 1
    results = [with_cause(result) for result in reproduced(reviews)]
    modern = modernised(results)
    said = [f"{review.name}: {text}" for review in reviews for text in review.said]
    _write(given, results, modern, said)
    if given.json:
        print(json.dumps({"results": as_rows(results, modern), "said": said}, indent=1))
    else:
        print(*(escaped(line) for line in lines(results, modern, said)), sep="\n")
    return 0 if all(result.equal for result in results) else 10


def _write(
    given: argparse.Namespace,
    results: Sequence[Result],
    modern: Sequence[Modern | None],
    said: Sequence[str],
) -> None:
    if given.csv:
        write_bytes(given.csv, as_csv(results, modern).encode())
    if given.html:
        from ketameta.report.reproduced import page

        write_bytes(given.html, page(results, modern, said).encode())
