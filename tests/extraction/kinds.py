"""Edits of cells of a planted second extraction: what people and language models get wrong.

Each kind takes a `Plan`, picks a row of a trial of its own and edits it. Guesses at what happened
(`likely`) are given as words of which one must stand in the guess, where one is made.
"""

from __future__ import annotations

import re
from itertools import pairwise

from .planting import Kind, Plan, Row

RESULTS = ("mean", "sd", "change_mean", "change_sd", "events")
PLACE = ("outcome", "scale", "definition", "timepoint_h", "analysis_set", "flag")
KINDS: list[Kind] = []


def planted(kind: Kind) -> Kind:
    KINDS.append(kind)
    return kind


def rare(kind: Kind) -> Kind:
    """Plant it before others: few rows allow it."""
    KINDS.insert(0, kind)
    return kind


def decimals(cell: str) -> int:
    return len(cell.partition(".")[2])


def swapped_digits(cell: str) -> str:
    """Exchange the first two digits next to each other that differ; empty where none do."""
    for i, (one, other) in enumerate(pairwise(cell)):
        first = i == 0 or not (cell[i - 1].isdigit() or cell[i - 1] == ".")
        if one.isdigit() and other.isdigit() and one != other and not (other == "0" and first):
            return cell[:i] + other + one + cell[i + 2 :]
    return ""


def result_of(row: Row, *names: str) -> str:
    """Return the first of these columns that is filled with a number of two digits or more."""
    return next((n for n in names or RESULTS if len(re.sub(r"\D", "", row[n])) >= 2), "")


def sized(row: Row) -> bool:
    return bool(row["n"]) and row.number("n") > 5


# ---- one cell ---------------------------------------------------------------------------------


def _transposed(plan: Plan, row: Row) -> None:
    name = result_of(row)
    # two counts may add up to all by chance
    plan.put(row, name, swapped_digits(row[name]), "transposed|without|per cent")


def _can_transpose(row: Row) -> str:
    name = result_of(row)
    return name and swapped_digits(row[name])


@planted
def digits_transposed(plan: Plan) -> None:
    _transposed(plan, plan.pick("outcomes", _can_transpose))


@planted
def digits_of_a_count_transposed(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: len(r["events"]) > 1 and swapped_digits(r["events"]))
    plan.put(row, "events", swapped_digits(row["events"]), "transposed|without|per cent")


@planted
def digit_dropped(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: re.fullmatch(r"-?[1-9][1-9]\.\d", r[result_of(r)]))
    name = result_of(row)
    cell = row[name]
    at = cell.index(".")
    plan.put(row, name, cell[: at - 1] + cell[at:], "digit")


@rare
def point_moved(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: re.fullmatch(r"\d\d\.\d", r["sd"] or r["change_sd"]))
    name = "sd" if row["sd"] else "change_sd"
    plan.put(row, name, f"{row.number(name) / 10:.2f}", "point|decimal|ten")


@rare
def sign_lost(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["change_mean"].startswith("-"))
    plan.put(row, "change_mean", row["change_mean"][1:], "sign")


@rare
def standard_error_for_sd(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["sd"] and not r["se"] and sized(r))
    se = row.number("sd") / row.number("n") ** 0.5
    plan.put(row, "sd", f"{se:.2f}", "SE|standard error")


@rare
def sd_for_standard_error(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["se"] and sized(r))
    plan.put(row, "se", f"{row.number('se') * row.number('n') ** 0.5:.2f}", "SD|standard deviation")


@rare
def half_width_for_sd(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["change_sd"] and sized(r))
    half = 1.96 * row.number("change_sd") / row.number("n") ** 0.5
    plan.put(row, "change_sd", f"{half:.2f}", "interval|half|95")


@rare
def variance_for_sd(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["sd"] and r.number("sd") > 3)
    plan.put(row, "sd", f"{row.number('sd') ** 2:.1f}", "variance|point")


@rare
def standard_error_in_its_own_column(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["sd"] and not r["se"] and sized(r))
    se = row.number("sd") / row.number("n") ** 0.5
    plan.put(row, "sd", "")
    plan.put(row, "se", f"{se:.2f}", ".")


@rare
def change_for_endpoint(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["mean"] and not r["change_mean"])
    mean, sd = row["mean"], row["sd"]
    plan.put(row, "change_mean", mean, "number of mean")
    plan.put(row, "mean", "")
    if sd:
        plan.put(row, "change_sd", sd, "number of sd")
        plan.put(row, "sd", "")


@rare
def baseline_for_endpoint(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["mean"] and r["baseline_mean"] not in ("", r["mean"]))
    plan.put(row, "mean", row["baseline_mean"], "baseline")
    if row["sd"] and row["baseline_sd"] not in ("", row["sd"]):
        plan.put(row, "sd", row["baseline_sd"], "baseline")


def _share(row: Row) -> str:
    """Return the whole per cent with the event; empty where it says nothing else than the count."""
    if not (row["events"] and sized(row) and row.number("events")):
        return ""
    share = f"{100 * row.number('events') / row.number('n'):.0f}"
    return "" if share == row["events"] else share


@planted
def percent_for_count(plan: Plan) -> None:
    row = plan.pick("outcomes", _share)
    plan.put(row, "events", _share(row), "per ?cent|without")


@planted
def percent_beside_no_count(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["events"] and sized(r) and not r["percent"])
    share = 100 * row.number("events") / row.number("n")
    plan.put(row, "percent", f"{share:.1f}", ".")
    plan.put(row, "events", "")


@planted
def nobody_for_somebody(plan: Plan) -> None:
    """Count those without the event: non-responders."""
    row = plan.pick(
        "outcomes", lambda r: r["events"] and sized(r) and 2 * r.number("events") != r.number("n")
    )
    plan.put(row, "events", f"{row.number('n') - row.number('events'):.0f}", "without|transposed")


@rare
def randomised_for_analysed(plan: Plan) -> None:
    arms = {(r["trial_id"], r["arm_id"]): r["n_randomised"] for r in plan.rows["arms"]}
    row = plan.pick(
        "outcomes",
        lambda r: r["n"] and arms.get((r["trial_id"], r["arm_id"]), "") not in ("", r["n"]),
    )
    plan.put(row, "n", arms[row["trial_id"], row["arm_id"]], "randomised|digit")


@rare
def cell_left_out(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["sd"] or r["change_sd"])
    plan.put(row, "sd" if row["sd"] else "change_sd", "")


@planted
def cell_filled(plan: Plan) -> None:
    row = plan.pick("trials", lambda r: not r["country"])
    plan.put(row, "country", "Ruritania")


@planted
def other_words(plan: Plan) -> None:
    row = plan.pick("trials", lambda r: r["blinding"] == "double")
    plan.put(row, "blinding", "single")
    plan.put(row, "year", str(int(row["year"] or 2000) + 1))


@planted
def other_dose(plan: Plan) -> None:
    row = plan.pick("arms", lambda r: r["dose"] == "0.5")
    plan.put(row, "dose", "0.05", "point|decimal|ten")
    plan.put(row, "n_doses", str(int(row["n_doses"] or 1) + 1))


@planted
def other_drug(plan: Plan) -> None:
    row = plan.pick("arms", lambda r: r["treatment"] == "ketamine")
    plan.put(row, "treatment", "esketamine")


@planted
def judgement_turned(plan: Plan) -> None:
    row = plan.pick("risk_of_bias", lambda r: r["judgement"] == "low")
    plan.put(row, "judgement", "high")


@planted
def answer_turned(plan: Plan) -> None:
    row = plan.pick("rob2_answers", lambda r: r["answer"] == "NI")
    plan.put(row, "answer", "N")


@planted
def faulty_word(plan: Plan) -> None:
    row = plan.pick("trials", lambda r: r["population"] == "TRD")
    plan.put(row, "population", "depression, resistant")


@rare
def text_in_a_number(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["mean"] and r["sd"])
    plan.put(row, "mean", f"{row['mean']} ({row['sd']})")


@planted
def provenance_rewritten(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["note"] and r["locator"])
    plan.put(row, "note", "read by the second from the same page")
    plan.put(row, "locator", "p. 7, second column")


# ---- several cells or rows ----------------------------------------------------------------------


def _partner(plan: Plan, row: Row) -> Row | None:
    """Return the row of another arm at the same place, with other numbers in the same columns."""
    filled = [name for name in RESULTS if row[name]]
    for other in plan.of(row["trial_id"], "outcomes"):
        same = other is not row and all(other[name] == row[name] for name in PLACE)
        same = same and bool(filled) and other["arm_id"] != row["arm_id"]
        if same and all(other[name] and other[name] != row[name] for name in filled):
            return other
    return None


def _exchange(plan: Plan, row: Row, other: Row, likely: str) -> None:
    cells = {name: (row[name], other[name]) for name in RESULTS if row[name] and other[name]}
    for name, (own, others) in cells.items():
        if own != others:
            plan.put(row, name, others, likely)
            plan.put(other, name, own, likely)


@planted
def arms_swapped(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: _partner(plan, r))
    other = _partner(plan, row)
    assert other is not None
    _exchange(plan, row, other, "swap|exchang|other arm")


@rare
def visits_swapped(plan: Plan) -> None:
    """Exchange the numbers of two hours of an arm: keys are as they were, and so are the pairs."""

    def another(row: Row) -> Row | None:
        names = ("arm_id", "outcome", "scale", "definition", "analysis_set", "flag")
        return next(
            (
                o for o in plan.of(row["trial_id"], "outcomes")
                if o is not row and all(o[n] == row[n] for n in names)
                and o["timepoint_h"] != row["timepoint_h"] and row["timepoint_h"]
                and any(row[n] and o[n] and row[n] != o[n] for n in RESULTS)
            ),
            None,
        )  # fmt: skip

    row = plan.pick("outcomes", another)
    other = another(row)
    assert other is not None
    _exchange(plan, row, other, "swap|exchang|other|row")


@rare
def column_shifted(plan: Plan) -> None:
    """Read the numbers of an arm one visit late: each row has those of the row below."""

    def course(row: Row) -> list[Row]:
        names = ("arm_id", "outcome", "scale", "definition", "analysis_set", "flag")
        rows = [
            r for r in plan.of(row["trial_id"], "outcomes")
            if r["timepoint_h"] and all(r[n] == row[n] for n in names)
        ]  # fmt: skip
        return sorted(rows, key=lambda r: r.number("timepoint_h"))

    def numbers(row: Row) -> set[str]:
        return {name for name in RESULTS if row[name]}

    def fits(row: Row) -> bool:
        rows = course(row)
        kept = numbers(row)
        all_alike = len(rows) > 2 and kept and all(numbers(r) == kept for r in rows)
        return bool(all_alike) and all(a[n] != b[n] for a, b in pairwise(rows) for n in kept)

    row = plan.pick("outcomes", fits)
    for one, below in pairwise(course(row)):
        for name in sorted(numbers(row)):
            # numbers of a course may look like more than one slip
            plan.put(one, name, below[name], ".")


@rare
def contrast_with_sign_lost(plan: Plan) -> None:
    row = plan.pick(
        "contrasts", lambda r: r["measure"] in ("MD", "SMD") and r["estimate"].startswith("-")
    )
    plan.put(row, "estimate", row["estimate"][1:], "sign|turn|other way")


@planted
def ends_exchanged(plan: Plan) -> None:
    row = plan.pick("contrasts", lambda r: r["ci_low"] and r["ci_high"])
    low, high = row["ci_low"], row["ci_high"]
    plan.put(row, "ci_low", high)
    plan.put(row, "ci_high", low)


@rare
def p_misread(plan: Plan) -> None:
    row = plan.pick("contrasts", lambda r: re.fullmatch(r"0?\.0\d+", r["p_value"]))
    plan.put(row, "p_value", row["p_value"].replace(".0", ".", 1), "point")
