"""The command line: help, template, explain, completion."""

import pytest

from ketameta.cli import COMMANDS, main, parser
from ketameta.commands.completion import SCRIPTS, offered
from ketameta.project import NO_PROJECT
from ketameta.tables import RAW_TABLES
from ketameta.tables.syntheses import StudyRow


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    for command in COMMANDS:
        assert command in said


def test_alone_it_shows_its_help(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("command", COMMANDS)
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
    for study in tables[StudyRow]:
        if study.analysis == "response_24h":
            assert study.trial_id in said
            assert study.rows[0] in said
    assert "risk ratio of 2.18" in said
    assert "su2023: marked in the tables as not to be pooled" in said


def test_explain_a_trial_shows_each_step_and_the_raw_cells(built):
    said = explain(built, "response_24h", "murrough2013a").stdout
    assert "30/47 against 7/25" in said
    assert "data/raw/outcomes.csv:" in said
    assert "events=30" in said
    assert "source=" in said


def test_explain_a_trial_that_is_not_pooled_says_why(built):
    done = explain(built, "response_24h", "lii2023")
    assert done.returncode == 0
    assert "under surgical anaesthesia" in done.stdout


def test_run_outside_of_a_project_says_so(tmp_path):
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
    assert done.stderr == f"{NO_PROJECT}\n"


def test_a_command_of_the_project_is_typed_in_any_of_its_folders(small, monkeypatch, capsys):
    monkeypatch.chdir(small.path("data/raw"))
    assert main(["explain", "response_24h"]) == 0
    assert "trials together" in capsys.readouterr().out
    monkeypatch.chdir(small.path("data/raw"))
    assert main(["diff"]) == 2
    assert "run it there" in capsys.readouterr().err


# completion


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ([], ["init", "check", "run", "explain"]),
        (["ex"], ["explain"]),
        (["--v"], ["--version"]),
        (["explain", "resp"], ["response_24h", "response_24h_arm"]),
        (["explain", "zar"], ["zarate2006"]),
        (["explain", "", "zar"], ["zarate2006"]),
        (["explain", "response_24h", "zar"], ["zarate2006"]),
        # one analysis is named already, and then a trial
        (["explain", "response_24h", "resp"], []),
        (["explain", "zarate2006", "dep"], ["depression_24h"]),
        (["explain", "zarate2006", "mur"], []),
        (["figure", "resp"], ["response_24h", "response_24h_arm"]),
        (["figure", "response_24h", "--journal", ""], ["bmj", "cochrane", "jama"]),
        (["diff", "--c"], ["--config-too"]),
        (["diff", "2026"], ["2026-05-01"]),
        (["compare", "2026"], ["2026-05-01"]),
        (["check", "--trial", "zar"], ["zarate2006"]),
        (["check", "--since", "HE"], ["HEAD"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["run", "--cores", ""], []),
        (["init", "--kind", ""], ["event", "score"]),
        (["init", ""], []),
        (["nothing", ""], []),
    ],
)
def test_words_are_offered_for_what_is_begun(small_built, monkeypatch, tmp_path, line, first):
    for name in ("data", "workflow"):
        (tmp_path / name).symlink_to(small_built.folder / name)
    (tmp_path / "reports" / "versions").mkdir(parents=True)
    (tmp_path / "reports" / "versions" / "2026-05-01.json").touch()
    monkeypatch.chdir(tmp_path)
    found = offered(line)
    assert found[: len(first)] == first
    assert all(word.startswith(line[-1] if line else "") for word in found)
    assert found or not first


def test_outside_a_project_commands_and_options_are_offered_still(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert offered(["explain", ""]) == []
    assert offered(["che"]) == ["check"]
    assert "--html" in offered(["diff", "-"])


def test_names_that_a_shell_would_run_are_not_offered(monkeypatch):
    from ketameta.commands import completion

    monkeypatch.setattr(
        completion, "_versions", lambda: ["main", "$(reboot)", "`x`", "a b", "v1.2"]
    )
    assert offered(["diff", ""]) == ["main", "v1.2"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_of_each_shell_is_one(capsys, shell):
    import shutil
    import subprocess

    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "ketameta completion words" in script
    if shutil.which(shell):  # bash is everywhere
        subprocess.run([shell, "-n", "-c", script], check=True)


def test_bash_completes_by_the_script(capsys, tmp_path):
    import subprocess
    import sys
    from pathlib import Path

    assert main(["completion", "bash"]) == 0
    command = tmp_path / "ketameta"
    source = Path(__file__).parents[1] / "workflow"
    command.write_text(
        f"#!/bin/sh\nPYTHONPATH='{source}' exec '{sys.executable}' -m ketameta.cli \"$@\"\n"
    )
    command.chmod(0o755)
    script = capsys.readouterr().out + (
        f"PATH='{tmp_path}':$PATH\n"
        "COMP_WORDS=(ketameta diff --); COMP_CWORD=2; _ketameta; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert {"--rev", "--config-too"} <= {*done.stdout.split()}
