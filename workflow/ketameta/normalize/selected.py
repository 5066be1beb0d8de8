"""One arm alone of several alike: a result that may stand here because of what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.normalize.records import Arm, Effect, NotUsable, Step, Trial
from ketameta.normalize.results import AnyResult, Contrast
from ketameta.normalize.words import listed

ASSUMPTION = "selected arm"
SOURCE = "Cochrane Handbook 8.7, 23.3.4; ROB-ME, Page 2023, BMJ 383:e076754"
# the cells that hold a result, by table
_NUMBERS = {
    "outcomes": ("events", "percent", "mean", "change_mean", "median"),
    "contrasts": ("estimate",),
}


class SelectedArm(NotUsable):
    """The numbers are of one arm alone of several alike."""

    reason = "selected arm"


def selected_arm(trial: Trial, effects: Sequence[Effect], rows: Sequence[AnyResult]) -> Step | None:
    """Return the step that takes one arm for the several that a trial has; None where it does not.

    An arm is selected where all of this holds:

    - the effects that one place (hour, scale, analysis set) gives are of one treated arm;
    - the trial has others of the same treatment with the same cotreatment: they differ in dose,
      route, form or number of doses only. Another treatment or another addition is another
      question, and an arm that stands as control in a contrast of the trial (a low dose as active
      control) is none of them;
    - and not one of these others has a number of the outcome at the same hour: counts, a per
      cent, a mean, a median or an estimate, on any scale, with a spread or without. A p-value
      alone is no number.

    So the trial enters where a second arm is known, in full or without its spread, where a row of
    arms pooled as reported holds the arm with another, and where two of three arms are known.
    `rows` are all those of the trial.
    """
    used = {arm.arm_id: arm for effect in effects for arm in effect.treated}
    if len(used) != 1:
        return None
    (arm,) = used.values()
    row = effects[0].rows[0]
    ours = {arm.arm_id, *arm.pooled} | {c.arm_id for effect in effects for c in effect.control}
    controls = {other.arm_c for other in rows if isinstance(other, Contrast)}
    alike = [
        other
        for other in trial.arms.values()
        if (other.treatment, other.cotreatment) == (arm.treatment, arm.cotreatment)
        and not other.pooled
        and other.arm_id not in ours | controls
    ]
    if arm.pooled or not alike or _known(trial, row, rows) & {other.arm_id for other in alike}:
        return None
    hour = "no hour" if effects[0].hour is None else f"{effects[0].hour:g} h"
    own, *others = _told(arm, *alike)
    said = f"{hour}: a number for {own}, none for {listed(others)}"
    return Step("one arm of several alike", said, own, SOURCE, (row.key,), ASSUMPTION)


def _told(*arms: Arm) -> list[str]:
    """Tell arms by their doses, or by their names where these do not tell them apart."""
    doses = [arm.dose for arm in arms]
    apart = all(doses) and len(set(doses)) == len(doses)
    return doses if apart else [arm.arm_id for arm in arms]


def _known(trial: Trial, row: AnyResult, rows: Sequence[AnyResult]) -> set[str]:
    """Return the arms with a number of the outcome and hour of a row; of pooled ones, the parts."""
    found: set[str] = set()
    for other in rows:
        same = (other.outcome, other.timepoint_h) == (row.outcome, row.timepoint_h)
        if same and any(getattr(other, name) is not None for name in _NUMBERS[other.table]):
            arm_id = other.arms[0]
            found |= {arm_id, *trial.arms[arm_id].pooled}
    return found
