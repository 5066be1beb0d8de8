"""The small print of a forest plot: tests and heterogeneity of its pooled rows, names of controls.

A reader of journals looks for three lines: how far trials differ, whether the pooled effect differs
from none, and whether groups differ.
"""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.measures import MEASURES
from ketameta.report.naming import capital, treatment
from ketameta.report.wording import fixed, heterogeneity, p_value
from ketameta.report.wording_model import model
from ketameta.report.wording_splits import confounded, name, test
from ketameta.tables.effects import EffectRow
from ketameta.tables.fits import Engine, IntervalRule
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SplitRow, SubgroupRow, SynthesisRow


def control(study: EffectRow) -> str:
    """Name the control of a trial with what both sides were given beside: one + other.

    The class of the comparator says so after its plus sign.
    """
    beside = study.comparator_class.partition("+")[2]
    own = treatments_named(study.control) or "–"
    return f"{own} + {beside}" if beside else own


def treatments_named(words: str) -> str:
    """Name the treatments of arms, words of the vocabulary with commas between."""
    return ", ".join(treatment(word) for word in words.split(", ") if word)


def test_of(record: Estimate) -> tuple[str, float | None, float] | None:
    """Return the test of no effect of a pooled result: sign, value and p; None where there is none.

    The statistic is the estimate over its standard error on the scale of the analysis: t where the
    interval is one of t, z otherwise; without a value where the interval has another one.
    """
    known = MEASURES.get(record.measure)
    if (known and not known.compares) or record.p is None or not record.se:
        return None
    value = record.estimate if record.estimate_log is None else record.estimate_log
    assert value is not None
    if record.rule in (IntervalRule.PROFILE, IntervalRule.HENMI_COPAS):
        return "", None, record.p  # their statistics are other ones
    return "z" if record.rule == IntervalRule.WALD else "t", value / record.se, record.p


def overall_test(record: Estimate) -> str:
    """Write the test of no effect of a pooled result; empty where there is none to compare with."""
    found = test_of(record)
    if found is None:
        return ""
    sign, value, p = found
    return p_value(p) if value is None else f"{sign} = {fixed(value, 2)}, {p_value(p)}"


def under(group: Estimate) -> tuple[str, ...]:
    """Return what stands below a subtotal: its own heterogeneity and the test of its effect."""
    parts = []
    if group.q is not None:
        tau2 = "" if shared_tau2(group) else f"τ² = {fixed(group.tau2, 3)}, "
        p = f", {p_value(group.q_p)}" if group.q_p is not None else ""
        parts.append(
            f"Heterogeneity: {tau2}I² = {fixed(group.i2, 0)}%, "
            f"Q = {fixed(group.q, 2)}, df = {group.q_df}{p}."
        )
    if found := overall_test(group):
        parts.append(f"Test for effect: {found}.")
    return (" ".join(parts),) if parts else ()


def shared_tau2(group: Estimate) -> bool:
    """Say whether a subtotal has the τ² of all groups."""
    return group.engine == Engine.GROUPS


def statistics(
    record: SynthesisRow, groups: Sequence[SubgroupRow], splits: Sequence[SplitRow]
) -> list[str]:
    """Return the lines below a plot: heterogeneity, test of the whole, test between groups.

    `groups` are the subtotals on the plot, `splits` the analysis's rows of that table.
    """
    lines = []
    if found := heterogeneity(record):
        lines.append(f"Heterogeneity: {found}")
    if record.k > 1 and (found := overall_test(record)):
        lines.append(f"Test for overall effect: {found}")
    for row in splits:
        if row.split == record.split and test(row):
            said = f"Test for differences between groups ({name(row.split)}): {test(row)}"
            lines.append(". ".join(filter(None, (said, confounded(row)))))
    if model := model_of_groups(groups):
        lines.append(f"{capital('subtotals')}: {model}")
    return lines


def model_of_groups(groups: Sequence[Estimate]) -> str:
    """Return the model of the subtotals where it is one for all; else empty."""
    models = {model(g) for g in groups if g.k > 1 and g.estimate is not None}
    return models.pop() if len(models) == 1 else ""
