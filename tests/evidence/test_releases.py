"""What a release remembers of the extraction: open findings and decisions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ketameta.evidence import findings, releases
from ketameta.tables.collection import Tables
from ketameta.tables.effects import FindingRow
from ketameta.tables.table import as_dict
from ketameta.tables.upkeep import AdjudicationRow

from ..rows import row

TOLD = {"check": "sd-like-se", "table": "outcomes", "trial_id": "t", "column": "sd", "value": "2"}
ROW = row(FindingRow, **TOLD, at=["k / response / 24"])


def adjudication(*decided):
    return [row(AdjudicationRow, id=f"x{n}", decision=word) for n, word in enumerate(decided)]


@pytest.fixture
def release():
    found = findings.open_findings([ROW, replace(ROW, check="other", acknowledged="read again")])
    tables = Tables({AdjudicationRow: adjudication("B", None, "correction")})
    return releases.make("2026-01-31", "", tables, [], {}, found)


def test_a_release_remembers_open_findings_and_decisions(release):
    assert [one.check for one in release.findings] == ["sd-like-se"]
    assert release.decisions == ("x0", "x2")
    assert releases.parse_release(release.name, release.to_json()) == release
    none = replace(release, findings=(), decisions=())
    assert releases.parse_release(none.name, none.to_json()) == none


def test_an_older_record_says_nothing_of_them_and_stays_as_it_was(release):
    content = json.loads(release.to_json())
    del content["findings"], content["decisions"]
    older = releases.parse_release(release.name, json.dumps(content))
    assert (older.findings, older.decisions) == (None, None)
    assert json.loads(older.to_json()) == content


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("decisions", "x0"),
        ("decisions", [3]),
        ("findings", {}),
        ("findings", [{"check": "sd-like-se"}]),
        ("findings", [as_dict(ROW)]),
        ("findings", ["sd-like-se"]),
        ("findings", 3),
    ],
)
def test_a_record_with_another_form_of_them_is_named(release, key, content):
    text = json.dumps(json.loads(release.to_json()) | {key: content})
    with pytest.raises(releases.ReleaseError, match=r"2026-01-31\.json: not a record"):
        releases.parse_release(release.name, text)


@pytest.mark.parametrize(
    ("now", "mended"),
    [
        ([], True),
        ([ROW], False),
        # another odd number in the cell is no mending, nor is a reason
        ([replace(ROW, value="3")], False),
        ([replace(ROW, acknowledged="read again")], False),
        ([replace(ROW, at=["c / response / 24", "k / response / 24"])], False),
        ([replace(ROW, at=["k / response / 48"])], True),
        ([replace(ROW, column="mean")], True),
        ([replace(ROW, check="other")], True),
        ([replace(ROW, trial_id="u")], True),
    ],
)
def test_a_finding_is_mended_where_nothing_is_found_at_its_rows(release, now, mended):
    assert bool(findings.mended(release.findings, now)) == mended
