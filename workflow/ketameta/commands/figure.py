"""`ketameta figure`: a figure for a journal, in its width, type and files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ketameta.commands.last_run import (
    configuration_of,
    known_to_the_run,
    refitted,
    run_of,
    unknown,
)
from ketameta.commands.since import NoRunError, Since, UnknownWordError, made_rows
from ketameta.configuration import Analysis, Configuration, ConfigurationError
from ketameta.figures.lighter import NoRoomError
from ketameta.figures.printing import FORMATS, RASTER, pixels
from ketameta.project import from_here
from ketameta.report.graphics import KINDS, Drawing
from ketameta.report.journal_forest import journal_forest, legend
from ketameta.report.journal_print import READ, Printed, drawing_of, printed, squares
from ketameta.report.journals import JOURNALS
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import CourseRow
from ketameta.tables.syntheses import SynthesisRow
from ketameta.vocabulary.narrowing import canonical, slug

WIDTHS = {"single": 85.0, "double": 180.0}  # millimetres
_NARROWEST, _WIDEST = 40.0, 400.0
# drawn by seaborn in a size of their own, with `make figures`
_FIXED = ("distribution", "evidence")
DESCRIPTION = """\
Write a figure of an analysis for a journal, from the tables of the last run.

  ketameta figure ANALYSIS                           the forest plot, 180 mm wide, as PDF
  ketameta figure ANALYSIS --journal bmj             laid out as bmj, cochrane or jama
  ketameta figure ANALYSIS --kind funnel --width single --format tiff --dpi 600
  ketameta figure ANALYSIS --journal jama --grey --format pdf,svg,eps,tiff

Text of PDF, EPS and SVG stays text; PDF and EPS embed what they use of the font (in EPS letters
that DejaVu Sans has not, such as Chinese, may be shapes). Type is never smaller than a journal
reads: where the width has no room for that, names wrap, the axis shrinks and columns leave, which
is said; a plot higher than a page goes on in a second file. What belongs in the legend below the
figure is printed. Layouts are made after what journals ask and print; none is their own template.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta figure` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("analysis", metavar="ANALYSIS", help="analysis, narrowed by an @ perhaps")
    kinds = [kind for kind in KINDS if kind not in _FIXED]
    parser.add_argument("--kind", choices=kinds, default="forest", help="which figure (forest)")
    parser.add_argument("--journal", choices=sorted(JOURNALS), help="whose layout")
    parser.add_argument(
        "--width",
        type=_width,
        default=WIDTHS["double"],
        metavar="single|double|MM",
        help="a column of 85 mm, two of 180 mm (so by default), or millimetres",
    )
    parser.add_argument(
        "--format",
        type=_formats,
        default=["pdf"],
        metavar="LIST",
        help=f"one or several of {', '.join(FORMATS)} with commas between (pdf)",
    )
    parser.add_argument(
        "--dpi", type=int, choices=(300, 600), default=600, help="dots an inch of tiff and png"
    )
    parser.add_argument("--grey", action="store_true", help="in shades of grey, without colour")
    out = Path("figures")
    parser.add_argument(
        "--out", type=from_here, default=out, metavar="FOLDER", help=f"where to ({out})"
    )


def _width(word: str) -> float:
    try:
        width = WIDTHS[word] if word in WIDTHS else float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word}: single, double or millimetres") from None
    if not _NARROWEST <= width <= _WIDEST:
        said = f"{word}: from {_NARROWEST:g} to {_WIDEST:g} mm"
        raise argparse.ArgumentTypeError(said)
    return width


def _formats(words: str) -> list[str]:
    found = list(dict.fromkeys(word.strip().lower().lstrip(".") for word in words.split(",")))
    if wrong := [word for word in found if word not in FORMATS]:
        raise argparse.ArgumentTypeError(f"{wrong[0]}: one of {', '.join(FORMATS)}")
    return found


def figure(given: argparse.Namespace) -> int:
    """Write the files; 1 where there is no run or no such figure, 2 for unknown words."""
    try:
        configuration = configuration_of([given.analysis])
        name = canonical(given.analysis)
        if name not in configuration.names:
            raise unknown("analysis", name, {}, configuration.names)
        analysis = configuration[name]
        since = run_of(analysis)
        known_to_the_run(since, analysis, None)
        for said in (since.sentence(), refitted(since, analysis)):
            if said:
                print(f"{said}.", file=sys.stderr)
        return _written(given, analysis, since, configuration)
    except (ConfigurationError, NoRunError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except UnknownWordError as error:
        print(error, file=sys.stderr)
        return 2


def _written(
    given: argparse.Namespace, analysis: Analysis, since: Since, configuration: Configuration
) -> int:
    """Draw what the run has and save it; say what left, and what the legend should tell."""
    own = Tables({kind: since.rows(kind, analysis=analysis.name) for kind in READ})
    (record,) = since.rows(SynthesisRow, analysis=analysis.name)
    steps = _steps(analysis, configuration) if given.kind == "timecourse" else []
    drawing = drawing_of(given.kind, analysis, record, own, steps)
    if drawing is None:
        print(f"{analysis.name} has no {KINDS[given.kind]} in the report", file=sys.stderr)
        return 1
    forest = given.kind == "forest"
    journal = squares(JOURNALS[given.journal], analysis) if given.journal else None
    try:
        made = printed(
            drawing,
            journal,
            given.width,
            given.grey,
            journal_forest(journal, analysis, record, own) if journal and forest else None,
        )
    except NoRoomError as error:
        print(f"{given.width:g} mm: {error}; give --width more", file=sys.stderr)
        return 1
    _save(given, analysis, made)
    _notes(given, drawing, made)
    if forest:
        lines = legend(journal, analysis, record, own)
        print("\nFor the legend:", *(f"  {line}" for line in lines), sep="\n")
    return 0


def _steps(analysis: Analysis, configuration: Configuration) -> list[tuple[Analysis, CourseRow]]:
    """Return the time course to which an analysis belongs, each step with its row."""
    for rows in by(made_rows(CourseRow), lambda row: row.course).values():
        if analysis.name in {row.analysis for row in rows}:
            return [(configuration[row.analysis], row) for row in rows]
    return []


def _save(given: argparse.Namespace, analysis: Analysis, made: Printed) -> None:
    """Write each part in each format, and say its size and that of its type."""
    from ketameta.storage import write_bytes

    parts = [slug(analysis.name), given.kind, *([given.journal] if given.journal else [])]
    for n, part in enumerate(made.parts, start=1):
        stem = ".".join(parts) + (f"-{n}" if len(made.parts) > 1 else "")
        for kind in given.format:
            path = given.out / f"{stem}.{kind}"
            write_bytes(path, part.as_bytes(kind, given.dpi, given.grey))
            dots = f", {pixels(part.width, given.dpi):,} dots wide" if kind in RASTER else ""
            size = f"{part.width:g} × {part.height:.0f} mm{dots}"
            print(f"{path.as_posix()}: {size}, smallest type {part.smallest:.1f} points")


def _notes(given: argparse.Namespace, drawing: Drawing, made: Printed) -> None:
    """Say what left the figure, what looks alike without colour, and which letters are boxes."""
    if made.gone:
        print(f"left out, so that type keeps its size: {'; '.join(made.gone)}")
    if made.alike:
        pairs = "; ".join(" and ".join(pair) for pair in made.alike)
        print(f"alike where no colour is printed ({pairs}): --grey has greys that differ")
    if set(given.format) != {"svg"}:
        from ketameta.figures.fonts import boxes_note, undrawn

        if note := boxes_note(undrawn(drawing.texts())):
            print(note, file=sys.stderr)
