"""What a journal's layout writes: numbers, tests and labels, in the words of its record."""

from __future__ import annotations

import re

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES, PER_CENT
from ketameta.report import wording, wording_plot
from ketameta.report.journals import Journal
from ketameta.report.naming import capital
from ketameta.tables.fits import Engine
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import StudyRow

_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
_P = re.compile(r"\bp ([=<]) (0\.\d+)")
_INTERVAL = re.compile(r"(\S*) ?\[(\S+), (\S+)\]")
_YEAR = re.compile(r"^(.*\S)[ ,]+(\d{4}[a-z]?)(.*)$")
# how Review Manager names ways of pooling
_METHODS = {
    Engine.INDEPENDENT: "IV",
    Engine.GROUPS: "IV",
    Engine.MANTEL_HAENSZEL: "M-H",
}


def p_value(journal: Journal, p: float) -> str:
    """Write ``P = .03``: two digits, three below .01 and where two would come to .05 from below."""
    if p < 0.001:
        text, sign = "0.001", " < "
    elif p > 0.99:
        text, sign = "0.99", " > "
    else:
        three = p < 0.01 or 0.045 <= p < 0.05
        text, sign = f"{p:.{3 if three else 2}f}", " = "
    return f"P{sign}{text if journal.zero else text.removeprefix('0')}"


def in_style(journal: Journal, text: str) -> str:
    """Return a text of the report in a journal's spelling, its numbers and P values in its form."""
    for ours, theirs in journal.spelling.items():
        text = re.sub(rf"\b{ours}\b", theirs, text)
        text = re.sub(rf"\b{capital(ours)}\b", capital(theirs), text)
    text = _P.sub(lambda found: _p_again(journal, *found.groups()), text)
    return numbers(journal, text)


def cell_in_style(journal: Journal, text: str) -> str:
    """Return a cell of the report, an estimate with its interval perhaps, in a journal's form."""

    def again(found: re.Match[str]) -> str:
        signed = "−" in found[0] or not journal.positive
        return (journal.interval if signed else journal.positive).format(*found.groups())

    if "(" in journal.interval:
        text = re.sub(r"\[(\d+(?:\.\d+)?% CI)\]", r"(\1)", text)
    return in_style(journal, _INTERVAL.sub(again, text))


def _p_again(journal: Journal, sign: str, number: str) -> str:
    p = float(number)
    return p_value(journal, p - 1e-9 if sign == "<" else p)


def numbers(journal: Journal, text: str) -> str:
    """Return a text with thousands apart as a journal has them; four digits stand together."""

    def again(found: re.Match[str]) -> str:
        return found[0].replace(",", journal.thousands if len(found[0]) > 5 else "")

    return _GROUPED.sub(again, text)


def line(journal: Journal, template: str, **told: object) -> str:
    """Fill in the words of a record, with a journal's signs."""
    text = in_style(journal, template.format(**told))
    return re.sub(r" ([=<>]) ", lambda found: journal.equals.replace("=", found[1]), text)


def interval_form(journal: Journal, measure: str) -> str:
    """Return the form of an estimate with its interval, by whether a value can be negative.

    The AMA joins the ends by a hyphen, and by "to" where one may be below 0.
    """
    asked = MEASURES[measure]
    positive = asked.is_ratio or asked.bounds[0] == 0
    return journal.positive if positive and journal.positive else journal.interval


def study_name(journal: Journal, study: StudyRow, name: str) -> str:
    """Write the name of a trial with its year, once, as a journal has them."""
    if found := _YEAR.match(name):
        return journal.named.format(name=found[1], year=found[2]) + found[3]
    if study.year is None or re.search(r"\d{4}", name):
        return name
    return journal.named.format(name=name, year=study.year)


def measure_name(journal: Journal, measure: str) -> str:
    """Name a measure as a heading does, with the sign of per cent where its numbers have none."""
    asked = MEASURES[measure]
    text = capital(asked.words)
    if asked.unit == PER_CENT and "per cent" not in asked.words:
        text += ", %"
    return in_style(journal, text)


def method_name(record: Estimate) -> str:
    """Name way of pooling and model as Review Manager does: ``IV, Random``."""
    engine = Engine(record.engine)
    return f"{_METHODS.get(engine, engine.value)}, {'Fixed' if engine.common_effect else 'Random'}"


def title(journal: Journal, template: str, analysis: Analysis, record: Estimate) -> str:
    """Return a heading or an axis's title, in lines."""
    return template.format(
        measure=measure_name(journal, analysis.select.measure),
        method=method_name(record) if record.k > 1 and record.estimate is not None else "IV",
        level=wording.level_percent(analysis.model.level),
    )


def tests(journal: Journal, record: Estimate) -> list[str]:
    """Return what stands below a pooled row: heterogeneity and the test of its effect."""
    lines = []
    if record.q is not None and record.q_df is not None and record.q_p is not None:
        own = record.tau2 is not None and not wording_plot.shared_tau2(record)
        tau2 = journal.tau2.format(_tau2(record.tau2)) if own else ""
        numbers = {"tau2": tau2, "q": wording.fixed(record.q, 2), "df": record.q_df}
        told = numbers | {"p": p_value(journal, record.q_p), "i2": _i2(record)}
        lines.append(line(journal, journal.heterogeneity, **told))
    if found := wording_plot.test_of(record):
        sign, value, p = found
        written = p_value(journal, p)
        if value is None:
            lines.append(line(journal, "Test for overall effect: {p}", p=written))
        else:
            told = {"sign": sign, "SIGN": sign.upper(), "value": wording.fixed(value, 2)}
            lines.append(line(journal, journal.overall, **told, p=written))
    return lines


def _i2(record: Estimate) -> str:
    """Write I², that of tau²; beside it that of Q, where it is another, as Q stands there too."""
    i2, classical = wording.fixed(record.i2, 0), wording.fixed(record.i2_q, 0)
    return f"{i2}%" if record.i2_q is None or i2 == classical else f"{i2}% ({classical}% from Q)"


def _tau2(value: float | None) -> str:
    """Write tau² with two decimals, or three where two would show none of it."""
    return wording.fixed(value, 3 if value and value < 0.005 else 2)
