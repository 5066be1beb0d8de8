"""`ketameta.read`: the results of a run as frames, with or without its project."""

import doctest
import json
import shutil
import subprocess
import sys
from pathlib import Path
from re import finditer

import pytest

import ketameta
from ketameta import reading
from ketameta.cli import main
from ketameta.commands.forest_text import WIDTH, forest_text
from ketameta.notebook import table_html
from ketameta.report.csv_tables import CsvTable, to_csv
from ketameta.storage import read_table
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import schema_of

from .rows import row

STUDIES, SYNTHESES = schema_of(StudyRow), schema_of(SynthesisRow)


@pytest.fixture
def results(small_built):
    return ketameta.read(small_built.path("reports"))


@pytest.fixture
def alone(small_built, tmp_path):
    """Return a report that was sent without its project."""
    folder = tmp_path / "sent"
    folder.mkdir()
    for name in ("tables", "figures"):
        (folder / name).symlink_to(small_built.path(f"reports/{name}"))
    return ketameta.read(folder)


def test_importing_the_package_or_its_statistics_loads_nothing_for_frames():
    code = (
        "import sys, json, ketameta\n"
        "first = [m for m in sys.modules if m.startswith('ketameta')]\n"
        "import ketameta.stats\n"
        "heavy = {'pandas', 'pyarrow', 'matplotlib', 'jinja2', 'yaml', 'ketameta.reading'}\n"
        "found = sorted(heavy & set(sys.modules))\n"
        "ketameta.read\n"
        "print(json.dumps([first, found, sorted(heavy & set(sys.modules))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # tables are known without pandas, which the first frame loads
    assert json.loads(done.stdout) == [["ketameta"], [], ["ketameta.reading"]]


def test_the_example_runs(small_built, monkeypatch):
    monkeypatch.chdir(small_built.folder)
    found = doctest.testmod(reading)
    assert (found.attempted > 5, found.failed) == (True, 0)


@pytest.mark.parametrize("place", [".", "reports", "data/processed"])
def test_a_project_is_found_from_each_of_its_folders(small_built, place):
    found = ketameta.read(small_built.path(place))
    assert found.processed == small_built.path("data/processed")
    assert found.reports == small_built.path("reports")


def test_a_folder_without_results_says_what_would_have_been_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither a project with results"):
        ketameta.read(tmp_path)


@pytest.mark.parametrize("name", ["syntheses", "studies", "effects", "ledger"])
def test_a_frame_holds_every_cell_of_its_table_and_the_units_of_its_schema(results, name):
    frame = getattr(results, name)
    rows = read_table(results.processed / f"{name}.parquet").to_pylist()
    assert len(frame) == len(rows) > 0
    back = [
        {key: reading._none(cell) for key, cell in row.items()} for row in frame.to_dict("records")
    ]
    # an empty text is missing
    assert back == [{key: None if x == "" else x for key, x in row.items()} for row in rows]
    schema = reading._schemas()[name]
    assert list(frame) == schema.names
    assert frame.attrs["units"] == {c.name: c.unit for c in schema.columns if c.unit}
    assert frame.attrs["table"] == name


def test_whole_numbers_stay_whole_where_some_are_missing(results):
    assert str(results.syntheses["between_df"].dtype) == "Int64"
    assert str(results.ledger["used"].dtype) == "boolean"


def test_the_tables_of_a_report_that_stands_alone_are_those_of_its_project(results, alone):
    for name in ("syntheses", "studies", "exclusions"):
        own, sent = results.table(name), alone.table(name)
        assert sent.equals(own)
        assert sent.dtypes.equals(own.dtypes)
    assert (
        alone["response_24h"].forest()._repr_svg_() == results["response_24h"].forest()._repr_svg_()
    )


def test_what_a_report_that_stands_alone_cannot_tell_is_said(alone):
    with pytest.raises(FileNotFoundError, match="it stands in data/processed of the project"):
        _ = alone.effects
    with pytest.raises(FileNotFoundError, match="those of its project"):
        alone["response_24h"].explain()


def test_a_report_that_stands_alone_has_the_fates_of_rows_on_the_outcome(results, alone):
    whole = results.ledger
    own = whole[whole["reason"] != "other outcome"]
    assert len(alone.ledger) == len(own) < len(whole)
    keys = ["analysis", "file", "line", "reason"]
    told, known = (frame.sort_values(keys).reset_index(drop=True) for frame in (alone.ledger, own))
    assert told.equals(known)


def csv_of(names, *lines):
    columns = list(zip(*lines, strict=True)) or [()] * len(names)
    return to_csv(CsvTable(names, columns)).decode()


def test_a_cell_made_harmless_for_a_spreadsheet_comes_back_as_it_was(tmp_path):
    row = dict.fromkeys(STUDIES.names) | {"analysis": "a", "trial_id": "t", "comparison": "=1+1"}
    row |= {"label": "'quoted'", "yi": -0.5, "year": 2020, "rows": ["f:1", "f:2"]}
    row |= {"marks": [], "assumptions": [], "secondary": []}
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "studies.csv").write_text(
        csv_of(STUDIES.names, [row[name] for name in STUDIES.names]), encoding="utf-8"
    )
    (tmp_path / "tables" / "syntheses.csv").write_text(csv_of(SYNTHESES.names), encoding="utf-8")
    (found,) = ketameta.read(tmp_path).studies.to_dict("records")
    assert {name: reading._none(cell) for name, cell in found.items()} == row


@pytest.mark.parametrize("place", [".", "data/processed"])
def test_results_of_tables_that_changed_since_are_told(small_built, tmp_path, monkeypatch, place):
    for name in ("data", "reports/tables"):
        shutil.copytree(small_built.path(name), tmp_path / name)
    ketameta.read(tmp_path / place)  # as it was run: no warning, which would be an error here
    table = tmp_path / "data" / "raw" / "outcomes.csv"
    table.write_bytes(table.read_bytes().replace(b",47,30,", b",47,31,"))
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="^data/raw changed since the last run, .*ketameta run"):
        found = ketameta.read(place)
    assert len(found) == 3
    # a report that was sent alone, and results without their tables, cannot tell
    ketameta.read(small_built.path("reports/tables").parent)
    shutil.rmtree(tmp_path / "data" / "raw")
    ketameta.read(place)


def test_a_table_that_came_since_is_told(small_built, tmp_path):
    shutil.copytree(small_built.path("data"), tmp_path / "data")
    (tmp_path / "data" / "raw" / "more.csv").write_text("trial_id\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="changed since the last run"):
        ketameta.read(tmp_path)


def test_an_analysis_is_its_rows_and_its_synthesis_a_series(results):
    one = results["response_24h"]
    assert list(results) == list(results.syntheses["analysis"])
    assert set(one.studies["analysis"]) == set(one.effects["analysis"]) == {"response_24h"}
    assert one.synthesis.name == "response_24h"
    assert one.synthesis["k"] == len(one.studies) == len(one.effects)
    assert one.synthesis.attrs["units"]["k"] == "trials"
    assert one.ledger["used"].sum() == sum(map(len, one.studies["rows"]))


def test_an_unknown_name_is_answered_with_its_neighbours(results):
    with pytest.raises(KeyError, match="near ones: response_24h"):
        results["response_24"]
    with pytest.raises(KeyError, match="near ones: syntheses"):
        results.table("synthesis")
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        ketameta.reed  # noqa: B018
    with pytest.raises(ValueError, match="did you mean murrough2013a"):
        results["response_24h"].explain("murrough2013")


def test_a_table_of_another_version_is_not_read_in_part(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "syntheses.csv").write_text("name,k\na,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no analysis; it was made by another version"):
        len(ketameta.read(tmp_path))


def test_explain_is_the_text_of_the_command(small_built, results, monkeypatch, capsys):
    said = results["response_24h"].explain("murrough2013a")
    monkeypatch.chdir(small_built.folder)
    assert main(["explain", "response_24h", "murrough2013a"]) == 0
    assert said + "\n" == capsys.readouterr().out
    assert repr(said) == said
    assert said.splitlines()[0] in said._repr_html_()


def test_what_a_notebook_shows_is_short_and_escaped(results):
    page = results._repr_html_()
    assert page.count("<tr>") == 1 + len(results)
    k = len(results["response_24h"].studies)
    row = f"<td>response_24h</td><td>risk ratio</td><td>{k}</td>"
    assert row in page
    assert row in results["response_24h"]._repr_html_()
    assert table_html("", ["a"], [["<b> & c"]]).count("&lt;b&gt; &amp; c") == 1
    assert f"trials: {k}" in repr(results["response_24h"])
    assert repr(results).startswith("3 analyses in ")


def test_a_forest_plot_is_the_drawing_of_the_report_and_in_a_terminal_its_path(
    small_built, results, monkeypatch
):
    picture = results["response_24h"].forest()
    assert picture._repr_svg_().startswith("<svg")
    monkeypatch.chdir(small_built.folder)
    assert repr(picture) == "reports/figures/response_24h.forest.svg"
    assert Path(repr(picture)).is_file()


def test_verdict_and_certainty_stand_beside_the_pooled_numbers(results, alone):
    rated = results.table("certainty").set_index("analysis")
    for name in results:
        for one in (results[name].synthesis, alone[name].synthesis):
            said = rated.loc[[name]].iloc[0]
            for column in ("verdict", "certainty", "certainty_best"):
                assert one[column] == said[column]
                assert one.attrs["descriptions"][column]
    # and the table that all share is as it was
    assert "verdict" not in results.syntheses.attrs["descriptions"]


def test_without_a_report_nobody_has_judged(small_built, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "processed").symlink_to(small_built.path("data/processed"))
    one = ketameta.read(tmp_path)["response_24h"]
    assert one.synthesis.reindex(["verdict", "certainty"]).isna().all()
    assert one.synthesis["k"] == len(one.studies)
    assert "certainty" not in str(one)


def test_a_terminal_prints_a_forest_plot(results):
    one = results["response_24h"]
    said = one.forest(text=True)
    assert str(one) == repr(said) == said
    title, _, head, *lines = said.splitlines()
    assert title == f"response_24h: risk ratio, trials: {len(one.studies)}"
    at = head.index("weight %") + len("weight %") + 2
    for line, (_, study) in zip(lines, one.studies.iterrows(), strict=False):
        assert line.startswith(study["label"])
        assert line[at:].count("■") == 1
    # an effect is right of the line of no effect where it is above it
    null = places(lines[len(one.studies) + 1][at:])["1"]
    for line, effect in zip(lines, one.studies["effect"], strict=False):
        mark = line[at:].index("■")
        assert (mark > null) == (effect > 1) or abs(mark - null) <= 1
    assert lines[-1] == (
        f"{one.synthesis['verdict']}; certainty: "
        + " to ".join(dict.fromkeys([one.synthesis["certainty_best"], one.synthesis["certainty"]]))
    )
    for name in results:
        assert "nan" not in str(results[name]).lower()


def places(below):
    """Return where the middle of each number below an axis stands."""
    return {found[0]: (found.start() + found.end() - 1) // 2 for found in finditer(r"\S+", below)}


def pooled_row(**told):
    return row(SynthesisRow, analysis="a", measure="RR", engine="inverse variance", **told)


def drawn(*ends, **told):
    """Return what stands right of the table for trials with these ends, and the numbers below."""
    trials = [
        row(StudyRow, label=str(i), measure="RR", effect=x, ci_low=low, ci_high=high, weight=50.0)
        for i, (low, x, high) in enumerate(ends)
    ]
    said = forest_text(pooled_row(k=len(ends), **told), trials, "", ("", ""))
    _, _, head, *lines = said.splitlines()
    return [line[len(head) + 2 :] for line in lines]


def test_an_interval_beyond_the_axis_ends_in_an_arrow():
    wide, near, *_ = drawn((1e-4, 2, 1e6), (1.5, 2, 3))
    assert (wide[0], wide[-1]) == ("◂", "▸")
    assert len(wide) == WIDTH
    assert not {"◂", "▸"} & set(near)
    assert wide.index("■") == near.index("■")


def test_a_prediction_has_a_bar_and_no_mark():
    told = {"estimate": 2.0, "ci_low": 1.2, "ci_high": 3.0, "tau2": 0.1}
    lines = drawn(*[(1.5, 2, 3)] * 5, **told, pi_low=0.8, pi_high=5.0)
    assert set(lines[5]) <= {" ", "│", "═", "◆"}
    assert "◆" in lines[5]
    assert set(lines[6]) <= {" ", "│", "┄", "◂", "▸"}
    assert lines[6].index("┄") < lines[5].index("═")
    assert len(drawn(*[(1.5, 2, 3)] * 5, **told)) == len(lines) - 1


def test_numbers_stand_below_their_places():
    lines = drawn((1.5, 2, 3), (0.2, 0.5, 1.1))
    below = places(lines[2])
    assert lines[0].index("■") == below["2"]
    assert lines[1].index("■") == below["0.5"]
    assert lines[0].index("│") == below["1"]


def test_an_analysis_without_a_trial_says_so():
    assert forest_text(pooled_row(k=0), [], "", ("", "")) == (
        "a: risk ratio, no trial with an effect"
    )
