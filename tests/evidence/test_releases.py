"""What a release remembers of the extraction: open findings and decisions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ketameta.evidence import findings, releases

ROW = {"check": "sd-like-se", "table": "outcomes", "trial_id": "t", "column": "sd", "value": "2"}
ROW |= {"at": ["k / response / 24"], "acknowledged": ""}


def adjudication(*decided):
    return [{"id": f"x{number}", "decision": word} for number, word in enumerate(decided)]


@pytest.fixture
def release():
    found = findings.open_findings([ROW, ROW | {"check": "other", "acknowledged": "read again"}])
    tables = {"adjudication": adjudication("B", None, "correction")}
    return releases.make("2026-01-31", "", tables, [], {}, found)


def test_a_release_remembers_open_findings_and_decisions(release):
    assert [one.check for one in release.findings] == ["sd-like-se"]
    assert release.decisions == ("x0", "x2")
    assert releases.parse(release.name, release.to_json()) == release
    none = replace(release, findings=(), decisions=())
    assert releases.parse(none.name, none.to_json()) == none


def test_an_older_record_says_nothing_of_them_and_stays_as_it_was(release):
    content = json.loads(release.to_json())
    del content["findings"], content["decisions"]
    older = releases.parse(release.name, json.dumps(content))
    assert (older.findings, older.decisions) == (None, None)
    assert json.loads(older.to_json()) == content


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("decisions", "x0"),
        ("decisions", [3]),
        ("findings", {}),
        ("findings", [{"check": "sd-like-se"}]),
        ("findings", [ROW]),
        ("findings", ["sd-like-se"]),
        ("findings", 3),
    ],
)
def test_a_record_with_another_form_of_them_is_named(release, key, content):
    text = json.dumps(json.loads(release.to_json()) | {key: content})
    with pytest.raises(releases.ReleaseError, match=r"2026-01-31\.json: not a record"):
        releases.parse(release.name, text)


@pytest.mark.parametrize(
    ("now", "mended"),
    [
        ([], True),
        ([ROW], False),
        # another odd number in the cell is no mending, nor is a reason
        ([ROW | {"value": "3"}], False),
        ([ROW | {"acknowledged": "read again"}], False),
        ([ROW | {"at": ["c / response / 24", "k / response / 24"]}], False),
        ([ROW | {"at": ["k / response / 48"]}], True),
        ([ROW | {"column": "mean"}], True),
        ([ROW | {"check": "other"}], True),
        ([ROW | {"trial_id": "u"}], True),
    ],
)
def test_a_finding_is_mended_where_nothing_is_found_at_its_rows(release, now, mended):
    assert bool(findings.mended(release.findings, now)) == mended
