"""SDs that look like standard errors, and standard errors that look like SDs.

Taking one for the other is the commonest extraction error of score outcomes (Gøtzsche 2007, JAMA
298:430; Cochrane Handbook 6.3, 6.5.2.2). A number is held against the SDs of the other trials on
the same scale and of the same kind (baseline, endpoint, change): one trial one vote, median and
median absolute deviation of their logs (1.4826 times it estimates an SD; Rousseeuw & Croux 1993,
JASA 88:1273). With fewer than four other trials on the scale, all scales that measure the same
are used, in units of their range.

Two things must hold, in logs. As entered, the number is further from the others than three
deviations: the robust one, 0.25 at least, with the number's own chance variation, 1/√(2(n - 1)).
So nothing within a factor exp(0.75) = 2.1 of the others is ever named. And read as the other
quantity, by √n, it is at most half as far from them. Where that tells nothing, as in a review
whose trials all have it, the row's own trial and scale are asked (`own`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from statistics import median

from ketameta.normalize.checks import own
from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.vocabulary import Scale

KINDS = {"baseline_sd": "baseline", "sd": "endpoint", "change_sd": "change"}
FEWEST_OTHERS = 4
LEAST_SPREAD = 0.25
ODD = 3.0
NEARER = 0.5

_Logs = dict[tuple[str, str], dict[str, list[float]]]
_EXPLAINS = r"\bSEs?\b|standard error|\bSDs?\b|dispersion"


@dataclass(frozen=True)
class Others:
    """The log SDs of trials, one a trial, in order: median and spread of all but one of them."""

    at: dict[str, int]
    logs: list[float]

    @classmethod
    def of(cls, own: dict[str, list[float]]) -> Others:
        """Take the median of each trial's log SDs."""
        ordered = sorted((median(logs), trial_id) for trial_id, logs in own.items())
        places = {trial_id: place for place, (_, trial_id) in enumerate(ordered)}
        return cls(places, [log for log, _ in ordered])

    def without(self, trial_id: str) -> tuple[int, float, float] | None:
        """Return number, median and robust deviation of the others; None where these are few.

        The others stay in order when one is passed over, so that the middle ones are found by
        their place and the middle distances by bisection.
        """
        out = self.at.get(trial_id, len(self.logs))
        size = len(self.logs) - (trial_id in self.at)
        if size < FEWEST_OTHERS:
            return None

        def log(place: int) -> float:
            return self.logs[place + (place >= out)]

        centre = _middle(log, size)
        return size, centre, 1.4826 * _middle(lambda k: _nearest(log, size, centre, k + 1), size)


def _middle(value: Callable[[int], float], size: int) -> float:
    """Return the median of ordered values, read by their places."""
    high = value(size // 2)
    return high if size % 2 else (value(size // 2 - 1) + high) / 2


def _nearest(log: Callable[[int], float], size: int, centre: float, k: int) -> float:
    """Return the distance of the k-th nearest of ordered values: the k stand side by side."""
    low, high = 0, size - k
    while low < high:
        start = (low + high) // 2
        if centre - log(start) > log(start + k) - centre:
            low = start + 1
        else:
            high = start
    return max(abs(log(low) - centre), abs(log(low + k - 1) - centre))


Usual = dict[tuple[str, str], Others]


def _usual(view: RowsByTrial) -> tuple[Usual, Usual]:
    """Collect log SDs by scale and kind, and by what is measured in units of the range."""
    by_scale: _Logs = defaultdict(lambda: defaultdict(list))
    by_construct: _Logs = defaultdict(lambda: defaultdict(list))
    for row in view.outcomes:
        scale = view.scale(row)
        if scale is None or row.analysis_set == "subgroup":
            continue
        for column, kind in KINDS.items():
            if sd := row.value(column):
                log = math.log(sd)
                by_scale[scale.name, kind][row.trial_id].append(log)
                if width := _range(scale):
                    shared = by_construct[scale.measures, kind]
                    shared[row.trial_id].append(log - math.log(width))
    return _ordered(by_scale), _ordered(by_construct)


def _ordered(logs: _Logs) -> Usual:
    return {key: Others.of(own) for key, own in logs.items()}


def _range(scale: Scale) -> float | None:
    if scale.minimum is None or scale.maximum is None:
        return None
    return scale.maximum - scale.minimum


def _others(
    scale: Scale, kind: str, trial_id: str, usual: tuple[Usual, Usual]
) -> tuple[float, float, str] | None:
    """Return median and spread of the other trials' log SDs, and who they are; None if too few."""
    width = _range(scale)
    for found, key, shift, name in (
        (usual[0], (scale.name, kind), 0.0, f"trials on {scale.name}"),
        (usual[1], (scale.measures, kind), math.log(width or 1), f"trials of {scale.measures}"),
    ):
        known = found[key].without(trial_id) if key in found else None
        if known and (shift or found is usual[0]):
            size, centre, spread = known
            return centre + shift, max(spread, LEAST_SPREAD), f"{size} other {name}"
    return None


def findings(view: RowsByTrial) -> list[Finding]:
    """Return SDs that fit as standard errors, and standard errors that fit as SDs."""
    usual = _usual(view)
    found: list[tuple[Hashable, Finding]] = []
    for row in view.outcomes:
        for column, kind, value in _numbers(row):
            finding = _judged(view, row, column, kind, value, usual)
            if (
                finding is None
                and column in KINDS
                and (why := own.why_standard_error(view, row, column))
            ):
                finding = view.finding("sd-like-se", row, column, why, _EXPLAINS)
            if finding is not None:
                key = (row.trial_id, row.arm_id, row.scale, column, value)
                found.append((key, finding))
    return once(found)


def _numbers(row: ArmResult) -> Iterator[tuple[str, str, float]]:
    for column, kind in KINDS.items():
        if sd := row.value(column):
            yield column, kind, sd
    if row.se:
        yield "se", "change" if row.change_mean is not None else "endpoint", row.se


def _judged(
    view: RowsByTrial,
    row: ArmResult,
    column: str,
    kind: str,
    value: float,
    usual: tuple[Usual, Usual],
) -> Finding | None:
    scale, n = view.scale(row), view.size(row)
    others = scale and _others(scale, kind, row.trial_id, usual)
    if scale is None or not others or n is None or n < 2:
        return None
    centre, spread, who = others
    root = math.sqrt(n)
    as_sd = value * root if column == "se" else value
    read_otherwise = as_sd / root if math.log(as_sd) > centre else as_sd * root
    distance = abs(math.log(as_sd) - centre)
    if distance <= ODD * math.hypot(spread, 1 / math.sqrt(2 * (n - 1))):
        return None
    if abs(math.log(read_otherwise) - centre) > NEARER * distance:
        return None
    factor = as_sd / math.exp(centre)
    size = f"{factor:.1f} times" if factor > 1 else f"1/{1 / factor:.1f} of"
    given = (
        f"standard error {value:g}, an SD of {as_sd:.3g} for n = {n},"
        if column == "se"
        else (f"SD {value:g}")
    )
    doubt = "a standard error" if factor < 1 else "an SD taken for a standard error"
    message = (
        f"{given} is {size} the usual {math.exp(centre):.3g} ({kind}, {who}); "
        f"as {doubt} (n = {n}) the SD would be {read_otherwise:.3g}"
    )
    return view.finding("sd-like-se", row, column, message, _EXPLAINS)


CHECKS = {"sd-like-se": findings}
