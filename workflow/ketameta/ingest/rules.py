"""Checks that need more than one cell: keys, references, and numbers that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ketameta.tables.columns import TableSchema
from ketameta.tables.problems import ERROR, WARNING, Problem, shown
from ketameta.vocabulary import nearest, vocabulary

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def check_rows(tables: Rows, known: Rows, schemas: dict[str, TableSchema]) -> list[Problem]:
    """Return every problem between cells, rows and tables.

    ``tables`` holds the complete typed rows, with ``file`` and ``line``; ``known`` also those
    with a fault, so that a reference to one of them is not a second fault. Tables that could not
    be read are left out, and nothing is held against references to them.
    """
    problems: list[Problem] = []
    for name, rows in tables.items():
        schema = schemas[name]
        problems += _duplicates(schema, rows)
        problems += _references(schema, rows, known)
        for check in _ROW_CHECKS.get(name, ()):
            for row in rows:
                problems += check(schema, row)
    if "trials" in tables:
        problems += _circles(tables["trials"])
    if "trials" in tables and "arms" in tables:
        problems += _trials_without_arms(tables["trials"], known["arms"])
    return problems


def _problem(
    schema: TableSchema, row: Row, column: str, message: str, severity: str = ERROR
) -> Problem:
    value = row.get(column)
    return Problem(
        row["file"],
        row["line"],
        column,
        "" if value is None else str(value),
        message,
        severity,
        schema.name,
        row.get("trial_id") or "",
        row.get("arm_id") or row.get("arm_t") or "",
    )


def _duplicates(schema: TableSchema, rows: Iterable[Row]) -> Iterable[Problem]:
    """Yield repeated keys; where rows have no key, rows repeated in every cell."""
    seen: dict[tuple[Any, ...], int] = {}
    columns = schema.key or tuple(schema.names)
    for row in rows:
        key = tuple(row[name] for name in columns)
        if key in seen:
            what = "every cell" if not schema.key else " and ".join(schema.key)
            yield _problem(
                schema,
                row,
                schema.key[-1] if schema.key else "",
                f"the row repeats line {seen[key]} in {what}",
            )
        seen.setdefault(key, row["line"])


def _references(schema: TableSchema, rows: list[Row], tables: Rows) -> Iterable[Problem]:
    for column in schema.columns:
        if not column.references:
            continue
        target, _, names = column.references.partition(".")
        if target not in tables:
            continue
        fields = names.split("+")
        known = {tuple(row[name] for name in fields) for row in tables[target]}
        own_key = schema.name == target and schema.key == (column.name,)
        if own_key:
            continue
        for row in rows:
            if row[column.name] is None:
                continue
            for value in (
                row[column.name].split(";") if column.kind == "ids" else [row[column.name]]
            ):
                key = (row["trial_id"], value) if len(fields) == 2 else (value,)
                if key not in known:
                    mates = [k[-1] for k in known if k[-1] and k[:-1] == key[:-1]]
                    close = nearest(value, mates)
                    hint = f"; nearest: {', '.join(close)}" if close else ""
                    where = f" for trial {key[0]}" if len(fields) == 2 else ""
                    yield _problem(
                        schema,
                        row,
                        column.name,
                        f"{shown(value)} is not in table {target}{where}{hint}",
                    )


def _circles(trials: list[Row]) -> Iterable[Problem]:
    parents = {row["trial_id"]: (row["part_of"] or "").split(";") for row in trials}

    def reaches(start: str, node: str, seen: set[str]) -> bool:
        for parent in parents.get(node, ()):
            if parent == start:
                return True
            if parent and parent not in seen:
                seen.add(parent)
                if reaches(start, parent, seen):
                    return True
        return False

    from ketameta.tables.raw import TRIALS

    for row in trials:
        if reaches(row["trial_id"], row["trial_id"], set()):
            yield _problem(TRIALS, row, "part_of", "the reports are part of each other in a circle")


def _trials_without_arms(trials: list[Row], arms: list[Row]) -> Iterable[Problem]:
    from ketameta.tables.raw import TRIALS

    with_arms = {row["trial_id"] for row in arms}
    for row in trials:
        if row["trial_id"] not in with_arms:
            yield _problem(TRIALS, row, "trial_id", "the trial has no row in table arms", WARNING)


def _events(schema: TableSchema, row: Row) -> Iterable[Problem]:
    if row["events"] is not None and row["n"] is not None and row["events"] > row["n"]:
        yield _problem(schema, row, "events", f"{row['events']} is more than n = {row['n']}")


def _interval(low: str, high: str) -> Callable[[TableSchema, Row], Iterable[Problem]]:
    def check(schema: TableSchema, row: Row) -> Iterable[Problem]:
        if row[low] is not None and row[high] is not None and row[low] > row[high]:
            yield _problem(schema, row, low, f"{row[low]:g} is above {high} = {row[high]:g}")

    return check


def _kind(schema: TableSchema, row: Row) -> Iterable[Problem]:
    """Scores need a known scale, and no counts; a mean must lie on its scale."""
    words = vocabulary()
    outcome = words.outcomes[row["outcome"]]
    scale = words.scales.get(row["scale"] or "")
    if outcome.kind == "score" and row.get("events") is not None:
        yield _problem(schema, row, "events", f"{outcome.name} is a score and has no events")
    if outcome.kind == "score" and row["scale"] and scale is None:
        close = nearest(row["scale"], list(words.scales))
        hint = f"; nearest: {', '.join(close)}" if close else ""
        yield _problem(schema, row, "scale", f"{shown(row['scale'])} is not a known scale{hint}")
    if scale and outcome.kind == "score":
        for name in ("baseline_mean", "mean"):
            value = row.get(name)
            if value is not None and not scale.holds(value):
                where = f"{scale.name}, which runs from {scale.minimum:g} to {scale.maximum:g}"
                yield _problem(schema, row, name, f"{value:g} is outside the scale {where}")


def _contrast(schema: TableSchema, row: Row) -> Iterable[Problem]:
    if row["arm_t"] == row["arm_c"]:
        yield _problem(schema, row, "arm_c", f"{shown(row['arm_c'])} is compared with itself")
    estimate, low, high = row["estimate"], row["ci_low"], row["ci_high"]
    if None not in (estimate, low, high) and low <= high and not low <= estimate <= high:
        yield _problem(
            schema,
            row,
            "estimate",
            f"{estimate:g} lies outside its interval {low:g} to {high:g}",
            WARNING,
        )
    if row["measure"] in ("OR", "RR", "HR"):
        for name in ("estimate", "ci_low", "ci_high"):
            if row[name] is not None and row[name] <= 0:
                yield _problem(
                    schema, row, name, f"{row[name]:g} is not above 0, as a ratio must be"
                )


_ROW_CHECKS: dict[str, tuple[Callable[[TableSchema, Row], Iterable[Problem]], ...]] = {
    "outcomes": (_events, _interval("ci95_low", "ci95_high"), _interval("q1", "q3"), _kind),
    "contrasts": (_interval("ci_low", "ci_high"), _contrast, _kind),
    "published": (_interval("ci_low", "ci_high"),),
}
