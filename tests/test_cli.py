"""The command line: help, template, explain."""

import pytest

from ketameta.cli import main, parser
from ketameta.tables import RAW_TABLES


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    for command in ("check", "run", "explain", "template", "pool"):
        assert command in said


@pytest.mark.parametrize("command", ["check", "run", "explain", "template", "pool"])
def test_each_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit):
        parser().parse_args([command, "--help"])
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_template_writes_every_table_once(tmp_path, capsys):
    assert main(["template", str(tmp_path)]) == 0
    header = (tmp_path / "outcomes.csv").read_text()
    assert header == ",".join(RAW_TABLES["outcomes"].names) + "\n"
    assert main(["template", str(tmp_path)]) == 1
    assert "nothing is written over" in capsys.readouterr().err


def explain(built, *words):
    done = built.ketameta("explain", *words)
    assert "Traceback" not in done.stderr
    return done


def test_explain_an_analysis_names_trials_weights_rows_and_those_not_pooled(built, tables):
    said = explain(built, "response_24h").stdout
    for study in tables["studies"]:
        if study["analysis"] == "response_24h":
            assert study["trial_id"] in said
            assert study["rows"][0] in said
    assert "risk ratio of 2.18" in said
    assert "su2023: the row's flag forbids pooling" in said


def test_explain_a_trial_shows_each_step_and_the_raw_cells(built):
    said = explain(built, "response_24h", "murrough2013a").stdout
    assert "30/47 against 7/25" in said
    assert "data/raw/outcomes.csv:" in said
    assert "events=30" in said
    assert "source=" in said


def test_explain_a_trial_that_is_not_pooled_says_why(built):
    done = explain(built, "response_24h", "price2014")
    assert done.returncode == 2  # it has no row on response
    done = explain(built, "response_24h", "lii2023")
    assert done.returncode == 0
    assert "under surgical anaesthesia" in done.stdout


def test_an_unknown_word_names_its_neighbours(built):
    done = explain(built, "respons_24h")
    assert done.returncode == 2
    assert "did you mean response_24h" in done.stderr


def test_explain_before_a_run_says_what_to_do(unbuilt):
    done = explain(unbuilt, "response_24h")
    assert done.returncode == 1
    assert "ketameta run" in done.stderr


def test_run_outside_a_checkout_says_so(tmp_path):
    import os
    import subprocess
    import sys
    from pathlib import Path

    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow")}
    done = subprocess.run(
        [sys.executable, "-m", "ketameta.cli", "run"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no Snakefile here or above" in done.stderr
