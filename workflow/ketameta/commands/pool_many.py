"""Many analyses in one call of `ketameta pool`: a row each, of a table or of a whole review."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.pool_counts import COUNTS, eventless, fitted
from ketameta.commands.pool_questions import Question, is_review, questions_of
from ketameta.commands.pool_rows import OptionError
from ketameta.commands.pool_text import Options, plain
from ketameta.measures import INVERSE_VARIANCE, MANTEL_HAENSZEL, PETO
from ketameta.stats import MEASURES, back_transform, mantel_haenszel, many, peto, pool_many
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.univariate.results import RandomEffects
from ketameta.storage import parquet_of, write_bytes
from ketameta.tables.problems import escaped

if TYPE_CHECKING:
    import pandas as pd

WRITTEN = (".csv", ".parquet", ".json")
# what a person reads of a result: on the scale that the measure is shown on
_SHOWN = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
_FLAGS = ("converged", "ci_in_parts", "tau2_in_parts")
_WIDEST = 44


def is_many(given: argparse.Namespace) -> bool:
    """Say whether many analyses are asked for: by name, or by the file being a whole review."""
    return given.by is not None or given.out is not None or is_review(given.file)


def pool_each(
    given: argparse.Namespace, content: bytes, measure: str | None, options: Options
) -> int:
    """Pool and write or print a row an analysis; 1 where any has a fault, which its row tells."""
    if given.out is not None and given.out.suffix.lower() not in WRITTEN:
        raise OptionError(f"--out ends with {', '.join(WRITTEN)}; not {given.out.name[-40:]}")
    for option in ("subgroup", "subgroups", "moderator", "forest"):
        if getattr(given, option):
            raise OptionError(f"--{option} is of one analysis; here each is pooled by itself")
    keys, questions, said = questions_of(given, content, measure, options)
    for text in said:
        print(escaped(text), file=sys.stderr)
    frame = _frame(keys, questions, options)
    _write(given, keys, frame)
    for names, reason in zip(
        frame[list(keys)].itertuples(index=False), frame["reason"], strict=True
    ):
        if reason:
            print(escaped(f"{' '.join(filter(None, names))}: {reason}"), file=sys.stderr)
    return 1 if (frame["reason"] != "").any() else 0


def _frame(keys: Sequence[str], questions: Sequence[Question], options: Options) -> pd.DataFrame:
    """Return a row a question: its names, every number of its pool, those shown, reason, notes."""
    import pandas as pd

    good = [i for i, question in enumerate(questions) if not question.reason]
    pooled = _pooled([questions[i] for i in good], options)
    pooled = pooled.set_axis(pd.Index(good), axis=0).reindex(range(len(questions)))
    columns: dict[str, object] = {
        key: [question.names[i] for question in questions] for i, key in enumerate(keys)
    }
    columns["measure"] = [question.measure for question in questions]
    columns["shown_as"] = [question.shown for question in questions]
    columns |= _on_the_readable_scale(questions, pooled[list(_SHOWN)].to_numpy(float))
    for name in number_fields(RandomEffects):
        if name == "rule":
            columns[name] = pooled[name].fillna("none")
        elif name == "k":
            columns[name] = pooled[name].astype("Int64")
        elif name in _FLAGS:
            columns[name] = pooled[name].astype("boolean")
        elif name != "weights":
            columns[name] = pooled[name].astype(float)
    columns["reason"] = [
        question.reason or _reason(question, *row)
        for question, row in zip(
            questions,
            pooled[["fault", "estimate"]].itertuples(index=False, name=None),
            strict=True,
        )
    ]
    columns["notes"] = ["; ".join(question.notes) for question in questions]
    return pd.DataFrame(columns)


def _reason(question: Question, fault: str, estimate: float) -> str:
    """Say why there is no result, where there is none."""
    if fault or not np.isnan(estimate):
        return fault
    if why := eventless(question.columns):
        return why
    if np.isnan(question.yi).all():
        return "no study has an effect"
    return "no pooled effect: events on one side alone, or numbers too far apart"


def _on_the_readable_scale(
    questions: Sequence[Question], values: NDArray[np.float64]
) -> dict[str, object]:
    """Return estimates and limits, shape (n, 5), as each measure is shown, by their columns."""
    shown = values.copy()
    # a hazard ratio goes back as every ratio does
    ways = np.array([one.shown if one.shown in MEASURES else "RR" for one in questions], object)
    sizes = np.array([np.nan if one.size is None else one.size for one in questions], float)
    for way in dict.fromkeys(ways):
        own = (ways == way) & ~np.isnan(values[:, 0])
        people = np.repeat(sizes[own, None], values.shape[1], axis=1)
        shown[own] = back_transform(way, values[own], people if way == "PFT" else None)
    return {f"shown_{name}": shown[:, i] for i, name in enumerate(_SHOWN)}


def _pooled(questions: Sequence[Question], options: Options) -> pd.DataFrame:
    """Return the pools of questions, a row each, by the way that is asked for."""
    import pandas as pd

    sizes = [len(question.yi) for question in questions]
    place = np.repeat(np.arange(len(questions)), sizes)
    none = np.empty(0)
    yi, vi = (np.concatenate([none, *(getattr(q, x) for q in questions)]) for x in ("yi", "vi"))
    found = pool_many(
        yi, vi, place, tau2=options.tau2, interval=options.interval,
        prediction=options.prediction, level=options.level,
    )  # fmt: skip
    found = found.reindex(range(len(questions)))
    if options.pooling == INVERSE_VARIANCE or not questions:
        return found
    measure = questions[0].measure
    names = [name for name in COUNTS[measure] if name in questions[0].columns]
    counts = {name: np.concatenate([q.columns[name] for q in questions]) for name in names}
    if options.pooling == MANTEL_HAENSZEL:
        pooled = many(mantel_haenszel, place, measure=measure, level=options.level, **counts)
        return _overlaid(found, pooled)
    if options.pooling == PETO:
        return _overlaid(found, many(peto, place, level=options.level, **counts))
    fits = [fitted(measure, q.columns, (q.yi, q.vi), options) for q in questions]
    rows = [{name: getattr(f, name) for name in number_fields(RandomEffects)} for f in fits]
    return pd.DataFrame(rows).drop(columns="weights").assign(fault="")


def _overlaid(base: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return pools of counts in the columns of pools of effects; what they do not know is NaN."""
    known = base.columns.intersection(found.columns)
    unknown = base.columns.difference([*found.columns, *_FLAGS])
    done = base.assign(**dict.fromkeys(unknown, np.nan))
    done[known] = found[known]
    return done.assign(
        rule="wald", df=np.inf, converged=True, ci_in_parts=False, tau2_in_parts=False
    )


def _write(given: argparse.Namespace, keys: Sequence[str], frame: pd.DataFrame) -> None:
    """Write the rows as the ending of the file asks, or print them."""
    ending = given.out.suffix.lower() if given.out is not None else ""
    if ending == ".parquet":
        import pyarrow as pa

        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        write_bytes(given.out, parquet_of(table))
    elif ending == ".csv":
        write_bytes(given.out, frame.to_csv(index=False, lineterminator="\n").encode())
    elif ending == ".json" or given.json:
        rows = [
            {name: plain(cell) for name, cell in row.items()}
            for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
        ]
        text = json.dumps(rows, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        if given.out is None:
            print(text, end="")
        else:
            write_bytes(given.out, text.encode())
    else:
        print(*(escaped(line) for line in _lines(keys, frame, given.level)), sep="\n")
    if given.out is not None:
        print(f"{len(frame):,} analyses, {int((frame['reason'] != '').sum()):,} of them not pooled")


def _lines(keys: Sequence[str], frame: pd.DataFrame, level: float) -> Iterator[str]:
    """Yield a table for a terminal."""
    heads = ("measure", "k", "effect", f"{100 * level:g}% CI", "p", "prediction", "tau²", "I²")
    rows = [(" ".join(keys), *heads)]
    for row in frame.to_dict("records"):
        name = " ".join(filter(None, (str(row[key]) for key in keys)))
        around, wide = (
            _between(row[f"shown_{kind}_low"], row[f"shown_{kind}_high"]) for kind in ("ci", "pi")
        )
        numbers = (_four(row["shown_estimate"]), around, _four(row["p"]), wide, _four(row["tau2"]))
        cut = name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"
        i2 = "–" if np.isnan(row["i2"]) else f"{row['i2']:.0f}%"
        count = "–" if row["reason"] else str(row["k"])
        measure = row["measure"] if row["measure"] not in ("", "GEN") else row["shown_as"]
        rows.append((cut, measure or "–", count, *numbers, i2))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        told = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *told]).rstrip()


def _four(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4g}"


def _between(low: float, high: float) -> str:
    return "–" if np.isnan(low) else f"{low:.4g} to {high:.4g}"
