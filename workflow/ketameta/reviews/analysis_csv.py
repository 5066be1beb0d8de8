"""The CSV that RevMan 5 exports of its analyses: analyses, subgroups and studies by turns."""

from __future__ import annotations

from collections.abc import Mapping

from ketameta.reviews.cells import column, number, numbers, pairs, table, text_of
from ketameta.reviews.model import OVERALL, Analysis, Number, Review, Settings, StudyRow
from ketameta.reviews.words import SettingError, settings

_STUDY = (
    ("estimate", "effect estimate"), ("low", "ci start"), ("high", "ci end"), ("weight", "weight"),
)  # fmt: skip
_POOLED = (
    *_STUDY, ("tau2", "tau2"), ("q", "q"), ("df", "df"), ("q_p", "p(q)"), ("i2", "i2(q)"),
    ("z", "z"), ("p", "p(z)"),
)  # fmt: skip
_BETWEEN = (("between", "qint"), ("between_p", "p(qint)"), ("between_i2", "i2(qint)"))
_NUMBERS = {
    "events": ("events 1", "events 2"),
    "people": ("total 1", "total 2"),
    "mean": ("mean 1", "mean 2"),
    "sd": ("sd 1", "sd 2"),
    "observed": ("o-e", "variance"),
}
_NEEDED = {"comparison number", "outcome number", "subgroup number", "name", "effect measure"}
Row = Mapping[str, str]


def is_analysis_csv(content: bytes) -> bool:
    """Say whether a file has the header of this export."""
    head = text_of(content[:4000]).splitlines()[:1]
    return bool(head) and {column(cell.strip('"')) for cell in head[0].split(",")} >= _NEEDED


def read_analysis_csv(content: bytes, name: str) -> Review:
    """Read the analyses of an export. Raises `UnreadableError`."""
    groups: dict[str, str] = {}
    blocks: dict[str, list[Row]] = {}
    for row in table(content, name):
        comparison, outcome = row["comparison number"].strip(), row["outcome number"].strip()
        if outcome in ("", "0"):
            groups.setdefault(comparison, row["name"].strip())
        else:
            blocks.setdefault(f"{comparison}.{outcome}", []).append(row)
    analyses, said = [], []
    for key, rows in blocks.items():
        try:
            analyses.append(_analysis(key, groups.get(key.split(".")[0], ""), rows))
        except SettingError as error:
            said.append(f"analysis {key}: {error}")
    return Review(name, tuple(analyses), tuple(said))


def _analysis(key: str, group: str, rows: list[Row]) -> Analysis:
    head, *rest = rows
    how = settings(
        {
            "data": head.get("data type", ""),
            "method": head.get("statistical method", ""),
            "measure": head.get("effect measure", ""),
            "model": head.get("analysis model", ""),
            "ratio": "yes" if _ratio(rest, head) else "no",
        }
    )
    own = numbers(head, (*_POOLED, *_BETWEEN))
    printed = {OVERALL: _shown(own, how)}
    studies: list[StudyRow] = []
    names: dict[str, str] = {}
    for row in rest:
        number_ = row["subgroup number"].strip()
        if number_ not in ("", "0") and number_ not in names:
            names[number_] = row["name"].strip()
            printed[names[number_]] = _shown(numbers(row, _POOLED), how)
        else:
            studies.append(_study(row, names.get(number_, "")))
    if len(names) < 2:
        for name in ("between", "between_p", "between_i2"):
            printed[OVERALL].pop(name, None)
    labels = (head.get("group label 1", ""), head.get("group label 2", ""))
    return Analysis(key, head["name"].strip(), group, how, tuple(studies), printed, labels)


def _ratio(rows: list[Row], head: Row) -> bool:
    """Say of generic data whether what is shown are ratios: intervals about them are even in log.

    The limits of an interval are as far from the estimate in ratio, not in difference.
    """
    for row in (head, *rows):
        middle, low, high = (number(row.get(c)) for c in ("effect estimate", "ci start", "ci end"))
        if low > 0 and high > low and middle > 0:
            return abs(high * low / middle**2 - 1) < abs((high + low) / (2 * middle) - 1)
    return False


def _shown(found: dict[str, Number], how: Settings) -> dict[str, Number]:
    return {k: v for k, v in found.items() if k != "tau2" or how.model == "random"}


def _study(row: Row, subgroup: str) -> StudyRow:
    entered, found = pairs(row.get, _NUMBERS)
    found["generic"] = _generic(row)
    return StudyRow(
        row["name"].strip(),
        row.get("year of study", "").strip(),
        subgroup,
        True,
        bool(subgroup),
        printed=numbers(row, _STUDY),
        footnote="",
        entered=entered,
        **found,
    )


def _generic(row: Row) -> tuple[float, float]:
    """Return estimate and standard error; of a ratio its log, of which the error is."""
    from math import log

    estimate, se = number(row.get("effect estimate")), number(row.get("se"))
    return (log(estimate) if _ratio([], row) and estimate > 0 else estimate), se
