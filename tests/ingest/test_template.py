"""An empty set of tables comes from the declared schema, and is in order as it stands."""

from __future__ import annotations

import csv

import pytest

from ketameta.ingest.stage import check_folder
from ketameta.ingest.template import template
from ketameta.tables import RESULT_TABLES
from ketameta.tables.table import schema_of


def test_a_template_has_the_header_of_every_table(tmp_path) -> None:
    paths = template(tmp_path / "new" / "raw")
    assert [path.name for path in paths] == [f"{name}.csv" for name in RESULT_TABLES]
    for path, schema in zip(paths, RESULT_TABLES.values(), strict=True):
        with path.open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == [schema.names]


def test_a_template_is_in_order_with_a_note_a_table(tmp_path) -> None:
    template(tmp_path)
    tables, problems = check_folder(tmp_path)
    assert {schema_of(kind).name for kind in tables.kinds()} == set(RESULT_TABLES)
    assert [p.severity for p in problems] == ["note"] * len(RESULT_TABLES)


@pytest.mark.parametrize("there", ["arms.csv", "claims.tsv"])
def test_a_template_writes_over_nothing(tmp_path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(FileExistsError, match=there):
        template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_template_does_not_follow_a_dangling_link(tmp_path) -> None:
    (tmp_path / "arms.csv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError, match=r"arms\.csv"):
        template(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
