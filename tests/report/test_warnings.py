"""The page's tables of warnings: what may stand apart with its reason, and never too long."""

import re

import pytest

from ketameta.tables.effects import FindingRow, WarningRow

from ..rows import row
from .made import report


def acknowledged(code, **about):
    return {"code": code, "table": "outcomes", "trial_id": "t000", **about}


@pytest.fixture(scope="module")
def page(made, kit):
    """Return the data page of a project with three warnings, of which one is acknowledged."""
    tables = kit.scores((14, 8, 20, 22, 0, 20), (15, 0, 22, 22, 9, 21), (16, 8, 19, 22, 9, 20))
    rows = [
        acknowledged("spread-of-0", column="sd", value="0", reason="so <printed>", by="me"),
        acknowledged("mean-no-sum-gives", reason="settled long ago"),
    ]
    return made(tables | {"acknowledged": rows}, {"score": kit.score}).page("data")


def section(page, identifier):
    return page.partition(f'id="{identifier}"')[2].partition("</table>")[0]


def test_what_was_looked_at_is_counted_by_what_it_is_about(made, kit):
    tables = kit.scores((14, 8, 20, 22, 0, 20), (15, 9, 22, 22, 9, 21))
    whole = made(
        tables | {"acknowledged": [acknowledged("spread-of-0", reason="so")]}, {"score": kit.score}
    )
    told = dict(severity="warning", message="odd", acknowledged="so")
    form = row(WarningRow, file="outcomes.csv", line=2, **told)
    said = "Somebody has looked at"
    for rows, told in (
        ([], "1 more and lets it"),
        ([form], "2 more (1 on the form of the tables, "),
    ):
        tables = whole.tables.replaced(WarningRow, [*whole.tables[WarningRow], *rows])
        assert f"{said} {told}" in report(tables, whole.configuration)["data.html"]


def test_what_may_stand_is_apart_with_its_reason(page):
    assert "1 warning that somebody has looked at and lets stand" in page
    assert "nothing to warn of" not in page
    apart = section(page, "acknowledged")
    assert "acknowledged: so &lt;printed&gt;" in apart
    assert apart.count("<tr>") == 2  # the heading, and one
    findings = section(page, "findings")
    assert "so &lt;printed&gt;" not in findings
    assert findings.count(">spread-of-0<") == 1


def test_a_reason_that_fits_nothing_is_a_finding(page):
    assert "acknowledged.csv:3 code" in section(page, "findings")


def test_many_findings_leave_the_page_small(made, kit):
    many = [(14 + i % 7, 0, 20 + i, 22, 0, 20 + i) for i in range(150)]
    page = made(kit.scores(*many), {"score": kit.score}).page("data")
    assert re.search(r"<caption>\d{3} findings of the checks .*, the first 200 of them", page)
    assert section(page, "findings").count("<tr>") == 201
    assert len(page) < 400_000


def test_only_data_that_no_check_speaks_of_have_nothing_to_warn_of(made, kit):
    found = made(kit.counts((10, 20, 5, 20)), {"response": kit.response})
    tables = found.tables.replaced(WarningRow, []).replaced(FindingRow, [])
    nothing = "The checks found no fault, and nothing to warn of."
    assert nothing in report(tables, found.configuration)["data.html"]
    for reason in ("", "seen"):
        odd = row(
            FindingRow, check="odd", severity="warning", file="outcomes.csv", line=2, column="n",
            trial_id="t000", value="1", message="odd", table="outcomes", acknowledged=reason,
        )  # fmt: skip
        page = report(tables.replaced(FindingRow, [odd]), found.configuration)
        assert nothing not in page["data.html"]
