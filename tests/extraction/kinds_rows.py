"""Edits of what tells rows apart, and rows, arms and trials that one side alone has."""

from __future__ import annotations

from .kinds import planted, rare
from .planting import Kind, NoPlaceError, Plan, Row

# ---- another key ---------------------------------------------------------------------------------


def _hour(plan: Plan, row: Row, hour: float) -> str:
    """Return another hour for a row, empty where the arm has another row near it."""
    if not row["timepoint_h"]:
        return ""
    # what a row without an hour of its own is held against is another question
    others = [
        o for o in plan.of(row["trial_id"], row.table)
        if o is not row and o["outcome"] == row["outcome"]
        and all(o[n] == row[n] for n in ("arm_id", "arm_t", "arm_c"))
    ]  # fmt: skip
    near = any(abs(o.number("timepoint_h") - hour) < 13 for o in others if o["timepoint_h"])
    return "" if near or any(not o["timepoint_h"] for o in others) else f"{hour:.6g}"


def _in_unit(divided: float, likely: str, least: float) -> Kind:
    def shift(plan: Plan) -> None:
        def moved(row: Row) -> str:
            if not row["timepoint_h"] or row.number("timepoint_h") < least:
                return ""
            return _hour(plan, row, row.number("timepoint_h") / divided)

        row = plan.pick("outcomes", lambda r: moved(r) and (r["events"] or r["mean"]))
        plan.put(row, "timepoint_h", moved(row), likely)

    return shift


hour_in_days = _in_unit(24, "day", 48)
hour_in_weeks = _in_unit(168, "week", 336)
hour_in_minutes = _in_unit(1 / 60, "minute", 0.5)
for one, name in ((hour_in_days, "days"), (hour_in_weeks, "weeks"), (hour_in_minutes, "minutes")):
    one.__name__ = f"hour_in_{name}"
    planted(one)


@rare
def contrast_hour_in_days(plan: Plan) -> None:
    def moved(row: Row) -> str:
        if not row["timepoint_h"] or row.number("timepoint_h") < 48:
            return ""
        return _hour(plan, row, row.number("timepoint_h") / 24)

    row = plan.pick("contrasts", lambda r: moved(r) and r["estimate"])
    plan.put(row, "timepoint_h", moved(row), "day")


@planted
def hour_a_little_off(plan: Plan) -> None:
    def moved(row: Row) -> str:
        return _hour(plan, row, row.number("timepoint_h") + 0.5) if row["timepoint_h"] else ""

    row = plan.pick("outcomes", lambda r: moved(r) and r.number("timepoint_h") >= 24)
    plan.put(row, "timepoint_h", moved(row), "rounded")


@planted
def hour_far_off(plan: Plan) -> None:
    def moved(row: Row) -> str:
        return _hour(plan, row, row.number("timepoint_h") + 50) if row["timepoint_h"] else ""

    row = plan.pick("outcomes", lambda r: moved(r) and r.number("timepoint_h") >= 24)
    plan.put(row, "timepoint_h", moved(row))


@planted
def hour_left_out(plan: Plan) -> None:
    row = plan.pick(
        "outcomes", lambda r: r["timepoint_h"] and plan.alone(r, timepoint_h="") and r["events"]
    )
    plan.put(row, "timepoint_h", "")


@planted
def other_scale(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["scale"] == "MADRS" and plan.alone(r, scale="HAMD17"))
    plan.put(row, "scale", "HAMD17")


@planted
def scale_in_words(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["scale"] == "MADRS")
    plan.put(row, "scale", "Montgomery-Asberg Depression Rating Scale")


def _no_other(plan: Plan, row: Row, outcome: str) -> bool:
    return all(r["outcome"] != outcome for r in plan.of(row["trial_id"], "outcomes", "contrasts"))


@planted
def other_outcome(plan: Plan) -> None:
    row = plan.pick(
        "outcomes", lambda r: r["outcome"] == "response" and _no_other(plan, r, "remission")
    )
    plan.put(row, "outcome", "remission")


@planted
def other_definition(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["definition"] and r["outcome"] != "response")
    plan.put(row, "definition", "as the authors defined it, at the visit")


@planted
def definition_added(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: not r["definition"] and r["events"])
    plan.put(row, "definition", "a fall of 50% or more from baseline")


@planted
def other_analysis_set(plan: Plan) -> None:
    row = plan.pick(
        "outcomes",
        lambda r: r["analysis_set"] == "itt" and plan.alone(r, analysis_set="completer"),
    )
    plan.put(row, "analysis_set", "completer")


@planted
def flag_set(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: not r["flag"] and plan.alone(r) and r["events"])
    plan.put(row, "flag", "check: read from a figure")


@planted
def earlier_result_misread(plan: Plan) -> None:
    row = plan.pick("published", lambda r: r["estimate"] and r["k"])
    plan.put(row, "estimate", f"{row.number('estimate') + 1:g}")
    plan.put(row, "k", f"{row.number('k') + 1:.0f}")


@planted
def earlier_review_named_otherwise(plan: Plan) -> None:
    names = {(r["doi"], r["review_id"]) for r in plan.rows["published"]}
    dois = [doi for doi, _ in names]
    row = plan.pick("published", lambda r: dois.count(r["doi"]) == 1 and r["doi"])
    for other in plan.rows["published"]:
        if other["review_id"] == row["review_id"] and other is not row:
            other.cells["review_id"] = "a-review"
    row.cells["review_id"] = "a-review"


@planted
def claim_misread(plan: Plan) -> None:
    row = plan.pick("claims", lambda r: r["claimed_value"])
    plan.put(row, "claimed_value", f"{row.number('claimed_value') / 10:g}", "point")


# ---- rows, arms and trials of one side -----------------------------------------------------------


@planted
def row_missing(plan: Plan) -> None:
    plan.drop(plan.pick("outcomes", lambda r: r["events"]))


@planted
def contrast_missing(plan: Plan) -> None:
    plan.drop(plan.pick("contrasts", lambda r: r["estimate"]))


def _another(row: Row, **cells: str) -> Row:
    keep = {n: c for n, c in row.cells.items() if n in ("trial_id", "arm_id", "seen", "source")}
    return Row(row.table, {**keep, "locator": "supplement, table S3", **cells})


NEW_COUNT = {"outcome": "vomiting", "timepoint_h": "1200", "n": "7", "events": "3"}


@planted
def row_extra(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: _no_other(plan, r, "vomiting"))
    plan.add(_another(row, **NEW_COUNT))


@rare
def row_missing_and_another_extra(plan: Plan) -> None:
    row = plan.pick(
        "outcomes",
        lambda r: r["mean"] and r["timepoint_h"] == "24" and _no_other(plan, r, "vomiting"),
    )
    plan.drop(row)
    plan.add(_another(row, **NEW_COUNT))


@planted
def row_twice(plan: Plan) -> None:
    """Enter a row a second time, with another count."""
    row = plan.pick("outcomes", lambda r: len(r["events"]) > 1 and r["outcome"] != "vomiting")
    plan.add(Row("outcomes", row.cells | {"events": row["events"][:-1], "locator": "figure 2"}))


def _of_arm(plan: Plan, arm: Row) -> list[Row]:
    return [
        r for r in plan.of(arm["trial_id"], "outcomes", "contrasts")
        if arm["arm_id"] in (r["arm_id"], r["arm_t"], r["arm_c"])
    ]  # fmt: skip


def _own_arm(plan: Plan, row: Row) -> bool:
    """Say whether an arm can go without leaving others behind that name it."""
    return not row["pooled_arms"] and all(
        row["arm_id"] not in r["pooled_arms"].split(";") for r in plan.of(row["trial_id"], "arms")
    )


@rare
def arm_missing(plan: Plan) -> None:
    row = plan.pick(
        "arms",
        lambda r: (
            len(plan.of(r["trial_id"], "arms")) > 2 and _own_arm(plan, r) and _of_arm(plan, r)
        ),
    )
    plan.drop(row, *_of_arm(plan, row))


@planted
def arm_extra(plan: Plan) -> None:
    row = plan.pick("arms", lambda r: any(o["events"] for o in _of_arm(plan, r)))
    arm = {"trial_id": row["trial_id"], "arm_id": "waiting", "treatment": "quetiapine"}
    arm |= {"arm_label": "quetiapine XR, flexible", "route": "PO", "n_randomised": "3"}
    new = Row("arms", arm)
    like = next(o for o in _of_arm(plan, row) if o["events"])
    plan.add(new, _another(like, **NEW_COUNT, arm_id="waiting"))


@planted
def trial_missing(plan: Plan) -> None:
    row = plan.pick("trials", lambda r: not r["part_of"] and plan.of(r["trial_id"], "outcomes"))
    if any(row["trial_id"] in r["part_of"].split(";") for r in plan.rows["trials"]):
        raise NoPlaceError(plan.kind)
    own = [r for r in plan.of(row["trial_id"]) if r is not row]
    plan.drop(row, *own)


@planted
def trial_extra(plan: Plan) -> None:
    name = {"trial_id": "hutter2026"}
    trial = {**name, "label": "Hutter 2026", "year": "2026", "design": "parallel"}
    trial |= {"population": "TRD", "doi": "10.9999/hutter", "n_randomised": "33"}
    arms = [
        Row("arms", {**name, "arm_id": arm, "treatment": arm, "arm_label": arm, "route": "IV"})
        for arm in ("ketamine", "saline")
    ]
    count = {**name, "outcome": "response", "scale": "MADRS", "timepoint_h": "24"}
    count |= {"seen": "direct", "source": "10.9999/hutter", "locator": "table 2"}
    counts = [
        Row("outcomes", {**count, "arm_id": arm, "n": n, "events": events})
        for arm, n, events in (("ketamine", "17", "11"), ("saline", "16", "5"))
    ]
    plan.used.add(trial["trial_id"])
    plan.add(Row("trials", trial), *arms, *counts)


@planted
def trial_twice(plan: Plan) -> None:
    """Take a second report of a trial for another trial, with its rows."""
    row = plan.pick("trials", lambda r: 1 < len(plan.of(r["trial_id"], "outcomes")) < 9)
    name = "second-report"
    rows = [Row(r.table, {**r.cells, "trial_id": name}) for r in plan.of(row["trial_id"])]
    rows[0].cells |= {"label": "Second report 1999", "part_of": "", "year": "1999"}
    plan.used.add(name)
    plan.add(*rows)
