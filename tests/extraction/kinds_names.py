"""Other names for the same trials and arms, contrasts turned round, and several edits at once."""

from __future__ import annotations

from collections.abc import Callable

from . import kinds_rows  # noqa: F401  its kinds too
from .kinds import KINDS, planted, rare, result_of, sd_for_standard_error, swapped_digits
from .planting import OF_TRIAL, Kind, Plan, Row

ARMS = ("arm_id", "arm_t", "arm_c")


def rename_trial(plan: Plan, trial: Row, name: str, why: str) -> None:
    """Give a trial another identifier wherever it stands; it must be known again by `why`."""
    old = trial["trial_id"]
    plan.renamed.append((trial, why))
    for row in plan.of(old):
        row.cells["trial_id"] = name
    for row in plan.rows["trials"]:
        parts = row["part_of"].split(";")
        if old in parts:
            row.cells["part_of"] = ";".join(name if part == old else part for part in parts)
    plan.used.add(name)


def rename_arm(plan: Plan, arm: Row, name: str) -> None:
    """Give an arm another identifier in all rows of its trial."""
    old = arm["arm_id"]
    plan.renamed.append((arm, ""))
    for row in plan.of(arm["trial_id"], *OF_TRIAL):
        for column in ARMS:
            if row[column] == old:
                row.cells[column] = name
        pooled = row["pooled_arms"].split(";")
        if old in pooled:
            row.cells["pooled_arms"] = ";".join(name if part == old else part for part in pooled)


def has_results(plan: Plan, row: Row) -> bool:
    return len(plan.of(row["trial_id"], "outcomes")) > 1


def _only(*kept: str) -> Callable[[Plan, Row], None]:
    """Return an edit of a trial that leaves it of its names only these."""

    def edit(plan: Plan, trial: Row) -> None:
        for name in ("registration", "doi", "pmid", "source_url"):
            if name not in kept and trial[name]:
                plan.put(trial, name, "")
        if "label" not in kept:
            plan.put(trial, "label", f"Report {plan.choice.randint(100, 999)}")

    return edit


def _trial_known_by(kept: str, why: str) -> Kind:
    def kind(plan: Plan) -> None:
        names = [row[kept] for row in plan.rows["trials"]]
        trial = plan.pick(
            "trials",
            lambda r: (
                (not kept or (r[kept] and names.count(r[kept]) == 1))
                and r["year"]
                and has_results(plan, r)
            ),
        )
        _only(kept)(plan, trial)
        rename_trial(plan, trial, f"study-{plan.choice.randint(1000, 9999)}", why)

    kind.__name__ = f"trial_known_by_{kept or 'likeness'}"
    return planted(kind)


for _kept, _why in (
    ("registration", "registration"),
    ("doi", "doi"),
    ("pmid", "pmid"),
    ("label", "label"),
    ("", ""),
):
    _trial_known_by(_kept, _why)


@planted
def trial_known_by_an_address_of_its_doi(plan: Plan) -> None:
    trial = plan.pick("trials", lambda r: r["doi"] and has_results(plan, r))
    _only("doi")(plan, trial)
    plan.put(trial, "doi", f"https://doi.org/{trial['doi'].upper()}")
    plan.planted.pop()  # which is the same, however it is spelt
    rename_trial(plan, trial, "the-report", "doi")


@planted
def trial_with_another_letter(plan: Plan) -> None:
    """Name it by author and year with another letter, the label written out."""
    trial = plan.pick("trials", lambda r: r["trial_id"][-1].isdigit() and has_results(plan, r))
    plan.put(trial, "label", f"{trial['label']} et al.", "spelled")
    rename_trial(plan, trial, f"{trial['trial_id'].capitalize()}b", "")


@planted
def arms_named_otherwise(plan: Plan) -> None:
    row = plan.pick("trials", lambda r: has_results(plan, r))
    for number, arm in enumerate(plan.of(row["trial_id"], "arms"), start=1):
        rename_arm(plan, arm, f"arm{number}")


@planted
def arms_and_trial_named_otherwise(plan: Plan) -> None:
    trial = plan.pick("trials", lambda r: r["registration"] and has_results(plan, r))
    for number, arm in enumerate(plan.of(trial["trial_id"], "arms"), start=1):
        rename_arm(plan, arm, f"group_{'ABCDEFGHIJKL'[number]}")
    rename_trial(plan, trial, "nct-report", "registration")


@planted
def arm_described_otherwise(plan: Plan) -> None:
    arm = plan.pick("arms", lambda r: r["arm_label"] and has_results(plan, r))
    plan.put(arm, "arm_label", f"{arm['arm_label']} group, as randomised", "spelled")
    rename_arm(plan, arm, f"{arm['treatment'][:3]}.group")


def _turned(plan: Plan, row: Row) -> bool:
    """Say whether a difference can be told the other way round without being another's."""
    return bool(
        row["measure"] in ("MD", "SMD")
        and row["estimate"]
        and plan.alone(row, arm_t=row["arm_c"], arm_c=row["arm_t"])
    )


@rare
def contrast_turned_round(plan: Plan) -> None:
    """Tell a difference the other way round: the same fact, of which nothing is to be said."""
    row = plan.pick("contrasts", lambda r: _turned(plan, r) and r["ci_low"] and r["ci_high"])
    turned = {"arm_t": row["arm_c"], "arm_c": row["arm_t"], "estimate": _minus(row["estimate"])}
    turned |= {"ci_low": _minus(row["ci_high"]), "ci_high": _minus(row["ci_low"])}
    row.cells |= turned


@rare
def contrast_turned_round_but_for_its_sign(plan: Plan) -> None:
    row = plan.pick("contrasts", lambda r: _turned(plan, r))
    one, other = row["arm_t"], row["arm_c"]
    plan.put(row, "arm_t", other, "other way")
    plan.put(row, "arm_c", one, "other way")


def _minus(cell: str) -> str:
    return cell[1:] if cell.startswith("-") else f"-{cell}"


# ---- several at once -----------------------------------------------------------------------------


@rare
def hour_in_days_and_a_digit(plan: Plan) -> None:
    def fits(row: Row) -> bool:
        name = result_of(row)
        hour = row["timepoint_h"]
        alone = hour == "168" and plan.alone(row, timepoint_h="7")
        return bool(alone and name and swapped_digits(row[name]))

    row = plan.pick("outcomes", fits)
    name = result_of(row)
    plan.put(row, "timepoint_h", "7", "day")
    plan.put(row, name, swapped_digits(row[name]), "transposed")


@rare
def standard_error_and_people(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["sd"] and not r["se"] and r["n"] and r.number("n") > 9)
    se = row.number("sd") / row.number("n") ** 0.5
    plan.put(row, "sd", f"{se:.2f}", "standard error")
    plan.put(row, "n", f"{row.number('n') - 3:.0f}", ".")


@rare
def other_trial_with_a_row_less_and_a_digit(plan: Plan) -> None:
    trial = plan.pick(
        "trials",
        lambda r: r["registration"]
        and sum(bool(o["events"]) for o in plan.of(r["trial_id"], "outcomes")) > 3
        and any(
            swapped_digits(o["events"]) for o in plan.of(r["trial_id"], "outcomes")
        ),
    )  # fmt: skip
    rows = plan.of(trial["trial_id"], "outcomes")
    wrong = next(row for row in rows if swapped_digits(row["events"]))
    plan.put(wrong, "events", swapped_digits(wrong["events"]), "transposed")
    plan.drop(next(row for row in rows if row["events"] and row is not wrong))
    _only("registration")(plan, trial)
    rename_trial(plan, trial, "another-report", "registration")


@rare
def arm_named_otherwise_and_a_sign(plan: Plan) -> None:
    row = plan.pick("outcomes", lambda r: r["change_mean"].startswith("-"))
    plan.put(row, "change_mean", row["change_mean"][1:], "sign")
    arm = next(a for a in plan.of(row["trial_id"], "arms") if a["arm_id"] == row["arm_id"])
    rename_arm(plan, arm, "intervention")


# the one that fewest rows allow comes before all
ALL = tuple(sorted(KINDS, key=lambda kind: kind is not sd_for_standard_error))
