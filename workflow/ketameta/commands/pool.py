"""`ketameta pool`: effect sizes and a random-effects model for any table."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.effects import effects_of
from ketameta.commands.names import RATIOS, bare_name
from ketameta.commands.pool_counts import WAYS, Columns, eventless, fitted, refused
from ketameta.commands.pool_groups import TAU2_SUBGROUPS, compared
from ketameta.commands.pool_many import is_many, pool_each
from ketameta.commands.pool_moderators import column_of, misfit, regression
from ketameta.commands.pool_rows import MEASURE_COLUMNS, OptionError, drawable, place_of, rows_asked
from ketameta.commands.pool_small_study import AUTO, TESTS, tested
from ketameta.commands.pool_text import Options, Pooled, Section, as_json, print_pooled
from ketameta.commands.revman import ChoiceError, choose
from ketameta.commands.studies import Studies, fault_of, needs, refuse_extremes, studies_of
from ketameta.commands.table import (
    STANDARD_INPUT,
    Table,
    TableError,
    bytes_or_input,
    cells_of_file,
)
from ketameta.ingest.revman import has_data_rows
from ketameta.measures import INVERSE_VARIANCE
from ketameta.methods import ALSO, at_odds, elsewhere, understood
from ketameta.stats import MEASURES
from ketameta.stats.numerics.words import did_you_mean, spelt
from ketameta.stats.univariate.intervals import DEFAULT
from ketameta.stats.univariate.intervals import RULES as INTERVALS
from ketameta.stats.univariate.prediction import RULES as PREDICTIONS
from ketameta.stats.univariate.tau2 import ESTIMATORS
from ketameta.tables.problems import escaped, first_few, shown

DESCRIPTION = """\
Pool a table with one row a study: CSV, TSV, semicolons and decimal commas, a sheet of an Excel
workbook, or standard input (-). Columns carry metafor's names, those of R's meta (TE, seTE,
event.e, n.e, …) or near ones:

  GEN         yi and vi (or sei)              PLO PR PAS PFT   xi ni
  RR OR RD    ai n1i ci n2i (or ai bi ci di)  IRR              x1i t1i x2i t2i
  MD SMD ROM  m1i sd1i n1i m2i sd2i n2i       ZCOR COR         ri ni
  VR CVR      sd1i n1i sd2i n2i, CVR the means too: do people of one arm vary more?
  OR RR HR IRR, also as published             or lower upper (or: or, ci as 0.95 to 2.76)

A column `study` names the rows. Ratios are pooled as logs and shown as ratios; --exp does the same
for yi of GEN. Studies without an effect are named with the reason and left out.

Many analyses in one call: --by COLUMN pools each value of the column by itself, a row an analysis,
and writes them where --out says (.csv, .parquet or .json). FILE may also be Parquet, or a review (a
Cochrane data package, RevMan's .rm5 or the CSV of its analyses), of which all analyses are pooled,
subgroups too. An analysis with a fault is a row with its reason; the exit status is then 1.

FILE may be the data rows of a Cochrane review (…-data-rows.csv of its data package): say which
with --analysis 1.2 (and --subgroup). The measure is then the one that gives the effects printed in
the file, unless --measure says another.
"""
_OPTIONS = {
    "pooling": (INVERSE_VARIANCE, *WAYS),
    "tau2": tuple(ESTIMATORS),
    "interval": INTERVALS,
    "prediction": tuple(PREDICTIONS),
}
_TAU2 = "REML"
# standardised differences beyond which a standard error was mostly taken for an SD
_FAR = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta pool` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("file", type=Path, help="CSV, TSV or .xlsx file, or - for standard input")
    parser.add_argument("--measure", help="effect measure (default: GEN, or what the columns say)")
    parser.add_argument("--sheet", metavar="NAME", help="of a workbook, the sheet to read")
    parser.add_argument(
        "--only",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        help="pool only the rows with this value (may be repeated)",
    )
    parser.add_argument("--by", metavar="COLUMN", help="pool each analysis, told by this column")
    parser.add_argument("--out", metavar="OUT", type=Path, help="write a row an analysis there")
    parser.add_argument("--analysis", metavar="1.2", help="of RevMan's data rows, the analysis")
    parser.add_argument("--subgroup", metavar="NAME", help="and one of its subgroups")
    parser.add_argument(
        "--subgroups",
        metavar="COLUMN",
        help="also pool each group of this column, and compare them",
    )
    parser.add_argument(
        "--tau2-subgroups",
        metavar="WORD",
        help="common: one tau² for all groups (default where the way of pooling has one); "
        "separate: one in each",
    )
    parser.add_argument(
        "--moderator",
        metavar="COLUMN",
        action="append",
        default=[],
        help="also regress the effects on this column; several are asked at once. Numbers are "
        "numbers, unless written factor(COLUMN); else a factor",
    )
    parser.add_argument(
        "--small-study",
        metavar="TEST",
        nargs="?",
        const=AUTO,
        help="also test whether small studies show other effects: "
        f"{', '.join(TESTS)}, or the one that fits the measure",
    )
    parser.add_argument("--exp", action="store_true", help="show GEN's log ratios as ratios")
    _ways(parser)


def _ways(parser: argparse.ArgumentParser) -> None:
    """Add what says how effects are pooled, and how that is printed."""
    parser.add_argument(
        "--pooling",
        default=INVERSE_VARIANCE,
        help="inverse variance (default); of counts also Mantel-Haenszel, Peto, GLMM, or by name "
        "UM.FS, UM.RS, CM.EL; or beta-binomial",
    )
    parser.add_argument("--tau2", default=_TAU2, help=f"estimator of tau² (default: {_TAU2})")
    parser.add_argument(
        "--interval",
        default=DEFAULT,
        help="wald, hksj, hksj-adhoc, profile, henmi-copas or auto (default: HKSJ; where tau² "
        "is 0 or studies are 2, the wider of Wald and HKSJ)",
    )
    parser.add_argument(
        "--prediction",
        default="k-1",
        help="k-1 (default), k-2, normal; by a standard error of their own, as R's meta: hksj, "
        "hksj-k-2, k-1-wald, k-2-wald, normal-wald, or HK, HK-PR, V, HTS, S",
    )
    parser.add_argument(
        "--level", type=float, default=0.95, help="level of intervals (default: 0.95)"
    )
    parser.add_argument(
        "--reported-level",
        type=float,
        metavar="LEVEL",
        help="level of the intervals in the file (default: that of row or column, or 0.95)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON with every digit")
    parser.add_argument(
        "--forest",
        metavar="FILE",
        type=Path,
        help="also draw the forest plot, as the ending says: .svg, .pdf, .png or .html",
    )


def pool(given: argparse.Namespace) -> int:
    """Read, pool and print; 1 with every fault of the file, 2 with that of an option."""
    try:
        drawable(given.forest)
        measure, options, read_as = _checked(given)
        if is_many(given):
            content = b"" if given.file.is_dir() else bytes_or_input(given.file)
            return pool_each(given, content, measure, options)
        pooled = _read_and_pool(given, measure, options)
        pooled.notes.extend(read_as)
    except (OptionError, ChoiceError) as error:
        for text in f"ketameta pool: {error}".splitlines():
            print(escaped(text), file=sys.stderr)
        return 2
    except TableError as error:
        print(*error.lines(_name(given.file)), sep="\n", file=sys.stderr)
        return 1
    if given.forest is not None:
        from ketameta.commands.pool_forest import fault_of_writing

        if fault := fault_of_writing(pooled, given.forest):
            print(f"ketameta pool: --forest {escaped(fault)}", file=sys.stderr)
            return 1
    if given.json:
        print(json.dumps(as_json(pooled), indent=2, allow_nan=False))
    else:
        print_pooled(pooled)
    return 0


def _name(file: Path) -> str:
    return "standard input" if str(file) == STANDARD_INPUT else file.as_posix()


def _read_and_pool(given: argparse.Namespace, measure: str | None, options: Options) -> Pooled:
    """Read a table of studies, or one analysis of a RevMan export, and pool it."""
    content = bytes_or_input(given.file)
    if not has_data_rows(content):
        table = rows_asked(
            cells_of_file(content, given.sheet), given.only, given.analysis, given.subgroup
        )
        studies, found, scale = studies_of(table, measure, given.reported_level)
        pooled = _pooled(found, options, studies)
        pooled = replace(pooled, shown=_scale(given, pooled, scale, table))
        return _with_beside(pooled, studies.columns, table, given)
    name = _name(given.file)
    chosen, problems = choose((name, content), given.analysis, given.subgroup, measure)
    for problem in sorted(problems):
        print(f"{problem.severity}: {problem}", file=sys.stderr)
    for said in chosen.said:
        print(said, file=sys.stderr)
    pooled = _pooled(chosen.kind.measure, options, chosen.studies, chosen.kind.add)
    pooled = replace(pooled, shown=chosen.kind.shown, title=chosen.title)
    return _with_beside(pooled, chosen.studies.columns, chosen.table, given)


def _with_beside(
    pooled: Pooled, columns: Columns, table: Table, given: argparse.Namespace
) -> Pooled:
    """Return it with what is asked beside the pool: groups, small studies, a meta-regression."""
    found: list[Section] = []
    if given.subgroups is not None:
        at = place_of("subgroups", table, given.subgroups)
        name, cells = escaped(table.header[at]), table.column(at)
        found.append(
            _said("subgroups", name, compared(pooled, columns, name, cells, given.tau2_subgroups))
        )
    if given.small_study is not None:
        name = _word("small-study", given.small_study, (AUTO, *TESTS))
        found.append(_said("small-study", name, tested(pooled, columns, name)))
    if given.moderator:
        asked = [column_of(one) for one in given.moderator]
        places = {place_of("moderator", table, name): coded for name, coded in asked}
        names = " ".join(name for name, _ in asked)
        found.append(_said("moderator", names, regression(pooled, table, places)))
    return replace(pooled, beside=found)


def _said(option: str, asked: str, found: Section | str) -> Section:
    if isinstance(found, str):
        raise OptionError(f"--{option} {asked[:80]}: {found}")
    return found


def _scale(given: argparse.Namespace, pooled: Pooled, scale: str, table: Table) -> str:
    """Return the measure that says how effects are shown."""
    if given.exp and pooled.measure != "GEN":
        raise OptionError(f"--exp is for GEN, yi on the log scale; this is {pooled.measure}")
    if given.exp or scale != "GEN":
        return "RR" if given.exp else scale
    for at, name in enumerate(table.header):
        said = (
            {cell.upper() for cell in table.column(at)}
            if bare_name(name) in MEASURE_COLUMNS
            else set()
        )
        if len(said) == 1 and (own := said.pop()) in RATIOS:
            pooled.notes.append(f"shown as ratios, since the column {shown(name)} says {own}")
            return own
    return scale


def _checked(given: argparse.Namespace) -> tuple[str | None, Options, list[str]]:
    """Return the measure and the options of the engine, words as the engine spells them.

    Beside them, which words are read as others.
    """
    words = {name: _word(name, getattr(given, name), known) for name, known in _OPTIONS.items()}
    for name, level in (("level", given.level), ("reported-level", given.reported_level)):
        if level is not None and not 0 < level < 1:
            meant = f"; did you mean {level / 100:g}?" if 1 < level < 100 else ""
            raise OptionError(f"--{name} is a proportion between 0 and 1; not {level:g}{meant}")
    known = tuple(dict.fromkeys((*MEASURES, *RATIOS)))
    asked = given.measure and _word("measure", given.measure, known)
    read_as = [
        f"--{name} {given_word[:40]} is read as {word}"
        for name, word in words.items()
        if (given_word := str(getattr(given, name))).lower() != word.lower()
    ]
    if given.tau2_subgroups is not None:
        given.tau2_subgroups = _word("tau2-subgroups", given.tau2_subgroups, TAU2_SUBGROUPS)
        if given.subgroups is None:
            raise OptionError("--tau2-subgroups says how --subgroups COLUMN are pooled; name them")
    # what stands where nothing is said is at odds with nothing
    said = {**words, "tau2_subgroups": given.tau2_subgroups}
    said["tau2"] = None if said["tau2"] == _TAU2 else said["tau2"]
    for key, why in at_odds(said):
        raise OptionError(f"--{key.replace('_', '-')}: {why}")
    if given.moderator and (wrong := misfit(words["pooling"], words["interval"])):
        raise OptionError(wrong)
    return asked, Options(**words, level=given.level), read_as


def _word(option: str, word: str, known: tuple[str, ...]) -> str:
    method = option in ALSO
    if found := (understood if method else spelt)(option, word, known):
        return found
    said = elsewhere(option, word) if method else ""
    said = re.sub(r": (\w+): (.+)$", r": --\1 \2", said) or did_you_mean(
        option, word[:40], known, "--{} {}"
    )
    said = re.sub(r"did you mean '(.*)'\?", r"did you mean \1?", said)
    said = said or f"; known: {', '.join(known)}"
    raise OptionError(f"--{option} {word[:40]} is not known{said}")


def _pooled(measure: str, options: Options, studies: Studies, add: float | None = None) -> Pooled:
    """Compute effects and pool them. Raises `TableError` where a row does not allow it."""
    # a ratio with its interval has become yi and sei
    kind = "GEN" if "yi" in studies.columns else measure
    if why := refused(options.pooling, kind):
        raise OptionError(why)
    try:
        effects = effects_of(kind, studies.columns, studies.shown, add)
        yi, vi = effects.yi, effects.vi
        refuse_extremes(yi, vi, studies)
        with np.errstate(all="ignore"):
            fit = fitted(measure, studies.columns, (yi, vi), options)
    except ValueError as error:
        raise TableError(fault_of(str(error), studies)) from None
    reasons = effects.reasons | studies.reasons
    if np.isnan(fit.estimate) and (why := eventless(studies.columns)):
        raise TableError((0, "", f"{why}: there is nothing to compare"))
    if np.isnan(fit.estimate) and np.isnan(yi).all():
        told = first_few([f"line {studies.lines[i]}: {why}" for i, why in sorted(reasons.items())])
        first = f"no study has an effect, for which {needs(measure)}"
        raise TableError((0, "", f"{first}; {told}"))
    names = [studies.names[i] for i in effects.corrected]
    alone = "" if options.pooling == INVERSE_VARIANCE else "; the pool takes counts as they are"
    half = [f"half an event is added to each cell, one being 0: {first_few(names)}{alone}"]
    half = half if names else []
    sizes = _sizes(studies.columns) if measure == "PFT" else None
    notes = [*half, *_no_spread(studies, yi), *_odd(measure, studies, yi)]
    notes += [*studies.notes, *studies.named]
    shown_as = measure if measure in (*MEASURES, *RATIOS) else "GEN"
    return Pooled(
        measure, shown_as, options, studies.names, yi, vi, fit, reasons, sizes=sizes, notes=notes
    )


def _no_spread(studies: Studies, yi: NDArray[np.float64]) -> list[str]:
    """Return a remark on an SD of 0 in one arm: the effect has a variance, hardly a true one."""
    sds = [studies.columns[name] for name in ("sd1i", "sd2i") if name in studies.columns]
    found = np.logical_or.reduce([sd == 0 for sd in sds]) & ~np.isnan(yi) if sds else []
    names = [studies.names[i] for i in np.flatnonzero(found)]
    left = "leave it empty where none is reported"
    said = f"an SD of 0 is pooled as it stands: {first_few(names)}; {left}"
    return [said] if names else []


def _odd(measure: str, studies: Studies, yi: NDArray[np.float64]) -> Iterator[str]:
    """Yield remarks on numbers that can be, and mostly are not."""
    counts = ("ai", "bi", "ci", "di", "xi", "mi", "x1i", "x2i")
    given = [studies.columns[name] for name in counts if name in studies.columns]
    parts = np.logical_or.reduce([(x % 1 > 0) for x in given]) if given else np.zeros(len(yi), bool)
    for found, said in (
        (parts & ~np.isnan(yi), "counts that are no whole numbers are pooled as they stand"),
        (
            (np.abs(yi) > _FAR) & (measure in MEASURES and MEASURES[measure].in_sds),
            f"a difference of more than {_FAR:g} SDs is rare: is a standard error taken for an SD?",
        ),
    ):
        if found.any():
            yield f"{said}: {first_few([studies.names[i] for i in np.flatnonzero(found)])}"


def _sizes(columns: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the people of each group."""
    total = columns.get("ni", np.full(len(columns["xi"]), np.nan))
    return np.where(
        np.isnan(total) & ("mi" in columns), columns["xi"] + columns.get("mi", 0.0), total
    )
