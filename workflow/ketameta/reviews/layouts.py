"""Tables of other programs with a study a row: which of their columns is which of ours.

A format is a `Layout`; the reader is one. So a further format is a further record here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ketameta.reviews.cells import column

# how the treated and the control arm are called where a source has no name for them
ARMS = ("experimental", "control")
Names = Mapping[str, tuple[str, ...]]  # our column -> theirs, the first that has something counts


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a format, plain names as `cells.column` makes them.

    `known_by` are sets of columns one of which is enough to know it by. `arms` are the numbers of
    the treated and the control arm, `labels` what these received and, where there are more of the
    kind, which is meant; `between` the columns of a contrast by its measure; `noted` goes into the
    note. `weeks` is a column of weeks. `silent` says what the format cannot say.

    What follows is for a format that is written too: `outcome` is its column for our word, `people`
    names the column of people where another than the first of `n` stands beside a number of ours.
    """

    name: str
    known_by: tuple[frozenset[str], ...]
    study: tuple[str, ...]
    year: tuple[str, ...]
    arms: tuple[Names, Names]
    labels: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    between: tuple[tuple[str, Names], ...] = ()
    definition: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()
    silent: str = ""
    outcome: str = ""
    people: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def _arm(one: Mapping[str, str], mark: str) -> Names:
    """Return the columns of an arm, `{}` in a name standing for its mark."""
    return {own: tuple(map(column, theirs.format(mark).split())) for own, theirs in one.items()}


_META = {"n": "n.{}", "events": "event.{}", "mean": "mean.{}", "sd": "sd.{}"}
_METAFOR = {"n": "n{}i", "mean": "m{}i", "sd": "sd{}i"}
_PSY = {
    "n": "n_arm{0} totaln_arm{0} n_change_arm{0}",
    "events": "event_arm{}",
    "mean": "mean_arm{}",
    "sd": "sd_arm{}",
    "change_mean": "mean_change_arm{}",
    "change_sd": "sd_change_arm{}",
    "baseline_mean": "baseline_m_arm{}",
    "baseline_sd": "baseline_sd_arm{}",
}
_SILENT = (
    "direction of a scale, analysis set, hours, treatment, dose, population and outcome's word"
)

METAPSY = Layout(
    "metapsy",
    (frozenset({"study", "condition arm1", "condition arm2"}),),
    ("study",),
    ("year",),
    (_arm(_PSY, "1"), _arm(_PSY, "2")),
    (("condition arm1", "multi arm1"), ("condition arm2", "multi arm2")),
    (
        ("SMD", {"estimate": ("precalc g", "g"), "se": ("precalc g se", "g se")}),
        (
            "logRR",
            {"estimate": ("precalc log rr", "log rr"), "se": ("precalc log rr se", "log rr se")},
        ),
    ),
    ("instrument", "outcome type"),
    ("outcome type", "time", "rating", "target group", "format", "comorbid mental"),
    ("time weeks",),
    "direction of a scale, analysis set, dose and population; its g has the sign of metapsy,"
    " below 0 where arm 1 is better",
    "outcome type",
    {
        "events": ("totaln arm1", "totaln arm2"),
        "change_mean": ("n change arm1", "n change arm2"),
    },
)
LAYOUTS = (
    METAPSY,
    Layout(
        "R meta",
        (
            frozenset({"event e", "n e", "event c", "n c"}),
            frozenset({"mean e", "sd e", "mean c", "sd c"}),
            frozenset({"te", "sete"}),
        ),
        ("studlab", "study", "author"),
        ("year",),
        (_arm(_META, "e"), _arm(_META, "c")),
        ((), ()),
        (("", {"estimate": ("te",), "se": ("sete",)}),),
        ("outcome",),
        silent=f"the measure of TE; {_SILENT}",
    ),
    Layout(
        "metafor",
        (
            frozenset({"ai", "ci"}),
            frozenset({"m1i", "sd1i", "m2i", "sd2i"}),
            frozenset({"yi", "vi"}),
            frozenset({"yi", "sei"}),
        ),
        ("slab", "study", "author", "trial"),
        ("year",),
        (
            {**_arm(_METAFOR, "1"), "events": ("ai",)},
            {**_arm(_METAFOR, "2"), "events": ("ci",)},
        ),
        ((), ()),
        (("", {"estimate": ("yi",), "se": ("sei",), "variance": ("vi",)}),),
        ("outcome",),
        silent=f"the measure of yi; {_SILENT}",
    ),
)

# domains of the tools by what their headings say, the first that fits
ROB1 = (
    ("sequence", "sequence"), ("concealment", "concealment"),
    ("personnel", "blinding_participants"), ("performance", "blinding_participants"),
    ("assess", "blinding_assessors"), ("detection", "blinding_assessors"),
    ("incomplete", "incomplete_data"), ("attrition", "incomplete_data"),
    ("selective", "selective_reporting"), ("reporting", "selective_reporting"), ("other", "other"),
)  # fmt: skip
ROB2 = (
    ("randomi", "D1"), ("deviation", "D2"), ("missing", "D3"), ("measurement", "D4"),
    ("selection of the reported", "D5"), ("overall", "overall"), ("d1", "D1"), ("d2", "D2"),
    ("d3", "D3"), ("d4", "D4"), ("d5", "D5"),
)  # fmt: skip
JUDGEMENTS = {
    "low": "low", "low risk": "low", "high": "high", "high risk": "high", "unclear": "unclear",
    "unclear risk": "unclear", "some concerns": "some concerns", "+": "low", "-": "high",
    "x": "high", "?": "unclear",
}  # fmt: skip
# judgements of one tool alone tell which it is
OF_ROB2 = {"some concerns"}

# the columns of study results as RevMan takes them in, and Covidence hands them out: of an arm its
# numbers, and what goes into the note where it is filled, as there is no column of ours for it
STUDY_ARM: Names = {
    "n": ("sample size",), "events": ("cases",), "mean": ("mean",), "sd": ("sd",), "se": ("se",),
}  # fmt: skip
STUDY_NOTED = (
    "variance", "t-test", "z-test", "covariance method", "covariance", "other arm 1",
    "other arm 2", "correlation arm 1", "correlation arm 2", "correlation", "other mean",
    "other se", "other variance", "other ci level", "other ci start", "other ci end",
    "other exp mean", "other exp ci start", "other exp ci end", "other t-test",
    "other z-test", "other p value",
)  # fmt: skip
