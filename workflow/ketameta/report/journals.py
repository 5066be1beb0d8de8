"""How journals lay a forest plot out: a record each, which one drawing follows.

What journals tell authors of forest plots is little, and house style is seen in what they print. A
preset is both: the words of its `source`, and what its printed figures have in common. None is the
journal's own template, and each journal's editors may ask for other things.

- Cochrane: what a forest plot of a Cochrane review holds is listed in the Cochrane Handbook 5.1,
  11.3.2.1 (handbook-5-1.cochrane.org), the look is that of Review Manager: numbers left of the
  plot, squares blue for events and green for scores, a black diamond, heterogeneity and tests below
  the totals, lights of risk of bias on the right with letters above them.
- The BMJ: as in Goldenberg and others 2021 (10.1136/bmj.m4743, figure 3), which the metafor project
  draws again in R (metafor-project.org, "Forest plot in BMJ style"): events/total of both arms left
  of the plot, weight and effect right of it, "to" within intervals, no spaces about equals signs.
- JAMA: instructions for authors (jamanetwork.com), the AMA Manual of Style 11 (17.1 and 18.7.1 on
  numbers, 19.5 on P values: none of them has a zero before its point, two digits from .01 on, three
  below or where two would cross .05), and what the layout "JAMA" of R's package meta has in common
  with printed ones: source, arms and effect left of the plot, what is favoured above it.

None of them says how small type may be. Publishers ask for 6 to 8 points after reduction: `least`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ketameta.measures import EVENT, SCORE

# a space that does not break, and that is no end of a number
_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class ArmColumns:
    """The columns of an arm: the name above them, and heading and cell of each.

    `{arm}` stands for the name of the arm. Cells are `events`, `n`, `mean` and `sd`, or several of
    them with signs between: ``events/n``.
    """

    group: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A layout: its columns in order, its words and numbers, its colours, lines and type.

    `left` and `right` of the plot stand `study`, `arms`, `weight` and `effect`; those of `leave`
    leave where there is no room, the first first, as do the `lights` of risk of bias. `{…}` in
    words stands for what is told of: a `measure`, a `level` such as 95%, a pooled number.
    """

    name: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    leave: tuple[str, ...]
    study: str
    weight: str
    counts: ArmColumns
    scores: ArmColumns
    effect: str = "{measure}\n({level} CI)"
    # a trial's name: as it is, or with its year told apart
    named: str = "{name} {year}"

    # numbers: an estimate with its ends, ends that cannot be negative, ends alone
    interval: str = f"{{}} ({{}}{_SPACE}to{_SPACE}{{}})"
    positive: str = ""
    thousands: str = _SPACE
    equals: str = f"{_SPACE}={_SPACE}"
    zero: bool = True  # before the point of a P value
    spelling: Mapping[str, str] = field(default_factory=dict)

    # words of pooled rows and of what stands below them
    total: str = "Total"
    subtotal: str = "Subtotal"
    prediction: str = "{level} prediction interval"
    tau2: str = "τ² = {}; "
    heterogeneity: str = "{tau2}χ² = {q}, df = {df} ({p}); I² = {i2}"
    overall: str = "Test for overall effect: {sign} = {value} ({p})"
    between: str = "Test for subgroup differences: χ² = {q}, df = {df} ({p})"
    events: str = ""
    sides: str = "Favours {}"
    axis: str = "{measure} ({level} CI)"
    above: Literal["title", "sides"] = "title"

    # judgements: signs in place of their letters (none: no lights), and the name above them
    lights: Mapping[str, str] = field(default_factory=dict)
    lights_name: str = "Risk of bias"

    # colours of roles, of squares by the kind of the measure; points of the smallest type; lines as
    # wide as drawn or more; the highest figure in millimetres
    colours: Mapping[str, str] = field(default_factory=dict)
    squares: Mapping[str, str] = field(default_factory=dict)
    least: float = 7.0
    pen: float = 1.0
    highest: float = 230.0


_INK = {"ink": "#000000", "muted": "#333333"}

JOURNALS = {
    "cochrane": Journal(
        name="Cochrane (Review Manager)",
        left=("study", "arms", "weight", "effect"),
        right=(),
        leave=("lights", "weight", "arms"),
        study="Study or Subgroup",
        weight="{}%",
        counts=ArmColumns("{arm}", (("Events", "events"), ("Total", "n"))),
        scores=ArmColumns("{arm}", (("Mean", "mean"), ("SD", "sd"), ("Total", "n"))),
        effect="{measure}\n{method}, {level} CI",
        interval=f"{{}} [{{}},{_SPACE}{{}}]",
        thousands="",
        total="Total ({level} CI)",
        subtotal="Subtotal ({level} CI)",
        tau2="Tau² = {}; ",
        heterogeneity="Heterogeneity: {tau2}Chi² = {q}, df = {df} ({p}); I² = {i2}",
        overall="Test for overall effect: {SIGN} = {value} ({p})",
        between="Test for subgroup differences: Chi² = {q}, df = {df} ({p})",
        events="Total events: {treatment} {treated}, {control} {controls}",
        axis="{measure}\n{method}, {level} CI",
        lights={"L": "+", "U": "?", "S": "?", "H": "−"},
        lights_name="Risk of Bias",
        colours=_INK | {"pooled": "#000000", "mark-line": "#000000", "predict": "#4d4d4d"},
        squares={EVENT: "#0000d8", SCORE: "#008000"},
        least=6.0,
    ),
    "bmj": Journal(
        name="The BMJ",
        left=("study", "arms"),
        right=("weight", "effect"),
        leave=("weight", "arms"),
        study="Study",
        weight="{}",
        counts=ArmColumns("No of events/total", (("{arm}", "events/n"),)),
        scores=ArmColumns("{arm}", (("Mean (SD)", "mean (sd)"), ("Total", "n"))),
        equals="=",
        heterogeneity="Test for heterogeneity: {tau2}χ² = {q}, df = {df}, {p}; I² = {i2}",
        overall="Test for overall effect: {sign} = {value}, {p}",
        between="Test for subgroup differences: χ² = {q}, df = {df}, {p}",
        axis="{measure}\n({level} CI)",
        colours=_INK
        | {"mark": "#6b58a6", "pooled": "#6b58a6", "mark-line": "#6d6e71", "predict": "#6d6e71"},
    ),
    "jama": Journal(
        name="JAMA",
        left=("study", "arms", "effect"),
        right=("weight",),
        leave=("weight", "arms"),
        study="Source",
        weight="{}",
        counts=ArmColumns("{arm}", (("No. of\nevents", "events"), ("Total\nNo.", "n"))),
        scores=ArmColumns("{arm}", (("Mean (SD)", "mean (sd)"), ("Total\nNo.", "n"))),
        named="{name}, {year}",
        positive="{} ({}-{})",
        zero=False,
        spelling={
            "favours": "favors",
            "randomised": "randomized",
            "randomisation": "randomization",
            "standardised": "standardized",
            "per cent": "percent",
        },
        heterogeneity="Heterogeneity: {tau2}χ² = {q}, df = {df} ({p}); I² = {i2}",
        above="sides",
        colours=_INK | {"mark": "#14375e", "pooled": "#3f7cac", "predict": "#595959"},
    ),
}
