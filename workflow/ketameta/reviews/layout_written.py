"""Our tables in the layout of another program: a pair of arms a row, and what it cannot say."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from ketameta.ingest.formats import Cells
from ketameta.reviews.cells import number, plain
from ketameta.reviews.drafts import Row
from ketameta.reviews.layouts import METAPSY, Layout
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.models import HEAD_TO_HEAD

WRITTEN: Mapping[str, Layout] = {METAPSY.name: METAPSY}
# rows of two arms that have these in common are of one comparison
_SAME = ("trial_id", "outcome", "scale", "definition", "timepoint_h", "analysis_set", "flag")
_WEEK = 168
Pair = tuple[Row, Row]


def written(cells: Cells, layout: Layout) -> tuple[str, list[str]]:
    """Return the text of a CSV with semicolons and decimal commas, and what is not in it."""
    trials = {row["trial_id"]: row for row in cells.get("trials", ())}
    arms = {(row["trial_id"], row["arm_id"]): row for row in cells.get("arms", ())}
    lost: Counter[str] = Counter()
    said: list[str] = []
    rows = []
    for pair in _pairs(cells.get("outcomes", ()), arms, said):
        own = _numbers(layout, pair)
        _lose(
            lost, "outcomes", pair, {*layout.arms[0], *_SAME, "arm_id"} - {"analysis_set", "flag"}
        )
        rows.append(_about(layout, pair, trials, arms) | own)
    for row in cells.get("contrasts", ()):
        own = _contrast(layout, row)
        if not own:
            said.append(
                f"{row['trial_id']}: {row.get('measure') or 'a contrast'} of "
                f"{row.get('outcome') or 'no outcome'} has no column, left out"
            )
            continue
        _lose(lost, "contrasts", [row], {"arm_t", "arm_c", "measure", "estimate", "se", *_SAME})
        pair = (row | {"arm_id": row["arm_t"]}, row | {"arm_id": row["arm_c"]})
        rows.append(_about(layout, pair, trials, arms) | own)
    told = [f"{name} ({count})" for name, count in lost.items()]
    said += [f"without a column, left out: {', '.join(told)}"] * bool(told)
    rest = [name for name in cells if name not in ("outcomes", "contrasts") and cells[name]]
    said.append(
        f"of trials label and year, of arms treatment and name are written; not {', '.join(rest)}"
    )
    return _text(layout, rows), said


def _pairs(
    rows: Iterable[Row], arms: Mapping[tuple[str, str], Row], said: list[str]
) -> Iterator[Pair]:
    """Yield the rows of each treated arm with each control arm of a comparison."""
    groups: dict[tuple[str, ...], dict[str, list[Row]]] = {}
    for row in rows:
        key = tuple(row.get(name, "") for name in _SAME)
        groups.setdefault(key, {}).setdefault(row["arm_id"], []).append(row)
    for key, by_arm in groups.items():
        about = " ".join(filter(None, key))
        twice = [arm for arm, own in by_arm.items() if len(own) > 1]
        single = [own[0] for arm, own in by_arm.items() if arm not in twice]
        said += [f"{about}: more than one row of {', '.join(twice)}, left out"] * bool(twice)
        control = [row for row in single if _is_control(arms.get((key[0], row["arm_id"]), {}))]
        treated = [row for row in single if row not in control]
        if len(single) < 2:
            said += [f"{about}: no other arm, left out"] * bool(single)
        elif control and treated:
            yield from ((one, other) for one in treated for other in control)
        else:
            said.append(f"{about}: not one arm of treatment and one of control, in their order")
            yield from combinations(single, 2)


def _is_control(arm: Row) -> bool:
    known = vocabulary().treatments.get(arm.get("treatment", ""))
    return known is not None and known.comparator_class != HEAD_TO_HEAD


def _numbers(layout: Layout, pair: Pair) -> Row:
    """Return the numbers of both arms by the layout's columns."""
    own: Row = {}
    for i, (row, names) in enumerate(zip(pair, layout.arms, strict=True)):
        for ours, theirs in names.items():
            if ours != "n":
                own[theirs[0]] = row.get(ours, "")
        beside = [names_[i] for ours, names_ in layout.people.items() if row.get(ours)]
        if not beside or row.get("mean"):
            beside.append(names["n"][0])
        own |= dict.fromkeys(beside, row.get("n", ""))
    return own


def _contrast(layout: Layout, row: Row) -> Row:
    """Return the columns of a contrast, empty where the layout has none of its measure."""
    for measure, names in layout.between:
        estimate = number(row.get("estimate"))
        log = measure.startswith("log")
        if measure.removeprefix("log") != row.get("measure") or math.isnan(estimate):
            continue
        shown = plain(math.log(estimate)) if log else row["estimate"]
        return {names["estimate"][0]: shown, names["se"][0]: row.get("se", "")}
    return {}


def _about(
    layout: Layout, pair: Pair, trials: Mapping[str, Row], arms: Mapping[tuple[str, str], Row]
) -> Row:
    """Return what a row says of its study, arms, outcome and time."""
    row = pair[0]
    trial = trials.get(row["trial_id"], {})
    own = {
        layout.study[0]: trial.get("label") or row["trial_id"],
        layout.year[0]: trial.get("year", ""),
        layout.outcome: row.get("outcome", ""),
        layout.definition[0]: row.get("scale") or row.get("definition", ""),
        layout.weeks[0]: plain(number(row.get("timepoint_h")) / _WEEK),
    }
    for one, (received, which) in zip(pair, layout.labels, strict=True):
        arm = arms.get((one["trial_id"], one["arm_id"]), {})
        own |= {received: arm.get("treatment", ""), which: one["arm_id"]}
    return own


def _lose(lost: Counter[str], table: str, rows: Iterable[Row], kept: set[str]) -> None:
    """Count the cells of rows that have no column; of scale and definition one has."""
    for row in rows:
        left = [name for name, cell in row.items() if cell and name not in kept]
        left += ["definition"] * bool(row.get("scale") and row.get("definition"))
        lost.update(f"{table}.{name}" for name in left)


def _text(layout: Layout, rows: list[Row]) -> str:
    """Write rows, columns in the order of the layout, numbers with a decimal comma."""
    found = {name for row in rows for name, cell in row.items() if cell}
    order = [*layout.study, *layout.year, *(n for pair in layout.labels for n in pair)]
    order += [layout.outcome, *layout.definition, *layout.weeks]
    order += [n for names in layout.arms for theirs in names.values() for n in theirs]
    order += [n for _, names in layout.between for theirs in names.values() for n in theirs]
    names = [name for name in dict.fromkeys(order) if name in found]
    texts = {
        *layout.study,
        layout.outcome,
        *layout.definition,
        *(n for p in layout.labels for n in p),
    }
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\n")
    writer.writerow(name.replace(" ", "_") for name in names)
    for row in rows:
        cells = ((name, row.get(name, "")) for name in names)
        writer.writerow(cell if name in texts else cell.replace(".", ",") for name, cell in cells)
    return file.getvalue()
