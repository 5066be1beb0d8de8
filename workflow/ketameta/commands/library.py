"""`ketameta library`: a folder of reviews, read and pooled whole."""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ketameta.job import one_thread
from ketameta.library.places import PARTS, Chunk, LibraryError, sources
from ketameta.storage import write_text
from ketameta.tables.problems import escaped

DESCRIPTION = f"""\
Read every review in a folder, pool each analysis by the review's own settings and as it is advised
today (REML, HKSJ, prediction interval), and sum up what is found:

  ketameta library reviews --out found

Reviews are data packages of Cochrane (.zip, or unpacked: …-data-rows.csv and the files named as it
is), reviews of RevMan 5 (.rm5), the CSV of its analyses, and tables with a study a row (CSV or
Parquet) with the columns of metafor or R's meta and a column `analysis`; `measure`, `subgroup`,
`review` and `field` where they are. The first folder below FOLDER counts as field where the source
does not tell one.

OUT gets three datasets of Parquet, studies/, analyses/ and reviews/ (what could not be read is a
row of reviews, with the reason), summary.csv, the page library.html, and time.html: where the time
went.

In jobs, of which each is one process: --chunk I/N does a share of the reviews (N at most {PARTS}),
--gather puts the folders of all N together. All but the times has the same bytes however a library
is split.

  ketameta library reviews --chunk 1/2 --out found/chunks/1-of-2
  ketameta library reviews --chunk 2/2 --out found/chunks/2-of-2
  ketameta library --gather found/chunks/1-of-2 found/chunks/2-of-2 --out found

Exit status: 0 done, 1 there is no review, a chunk is missing, or, of a library in one call, a
review in it could not be read (the others are there all the same), 2 wrong use.
"""
SUMMARY, PAGE, TIME_PAGE = "summary.csv", "library.html", "time.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta library` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("places", metavar="FOLDER", nargs="+", type=Path, help="of reviews")
    parser.add_argument("--out", metavar="OUT", type=Path, required=True, help="folder to write")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--chunk", metavar="I/N", help="do this share of the reviews alone")
    how.add_argument("--gather", action="store_true", help="put the folders of chunks together")


def library(given: argparse.Namespace) -> int:
    """Do a library, a chunk of it, or put chunks together."""
    one_thread()
    try:
        if given.gather:
            _gather(given.places, given.out)
            return 0
        if len(given.places) > 1:
            return _refused("one folder of reviews at a time", 2)
        return _read(given.places[0], given.chunk, given.out)
    except LibraryError as error:
        return _refused(str(error), 1 if given.gather else 2)
    except OSError as error:
        return _refused(f"{error.filename or 'a file'}: {error.strerror or error}", 1)


def _read(folder: Path, chunk: str | None, out: Path) -> int:
    if out.resolve().is_relative_to(folder.resolve()):
        return _refused(f"{out} lies in {folder}, and would be read with it: write elsewhere", 2)
    if chunk is None:
        return _whole(folder, out)
    _chunk(folder, Chunk.read(chunk), out)
    return 0


def _refused(said: str, status: int) -> int:
    print(escaped(f"ketameta library: {said}"), file=sys.stderr)
    return status


def _chunk(folder: Path, chunk: Chunk, out: Path) -> None:
    from ketameta.library.chunk import write_chunk

    for text in write_chunk(sources(folder), chunk, out):
        print(escaped(text), file=sys.stderr)


def _whole(folder: Path, out: Path) -> int:
    """Do a library as one chunk; 1 where a review could not be read."""
    if not any(source.files for source in sources(folder)):
        return _refused(f"{folder} holds no review", 1)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as chunk:
        _chunk(folder, Chunk(1, 1), Path(chunk))
        unread = _gather([Path(chunk)], out)
    return 1 if unread else 0


def _gather(folders: Sequence[Path], out: Path) -> int:
    """Put chunks together and write what is said of them; how many reviews could not be read."""
    from ketameta.library.gather import gather
    from ketameta.library.summary import summed_up
    from ketameta.report.library import page, time_page

    found = gather(folders, out)
    summary = summed_up(found.analyses, found.reviews)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("section", "of", "number", "value"))
    writer.writerows((*names, f"{value:.10g}") for *names, value in summary.numbers())
    write_text(out / SUMMARY, text.getvalue())
    write_text(out / PAGE, page(summary))
    write_text(out / TIME_PAGE, time_page(found))
    print(
        f"{summary.reviews:,} reviews, {summary.analyses:,} analyses, {summary.rows:,} study rows"
    )
    return len(summary.unread)
