"""`ketameta explain`: analyses, trials, their steps, and what is no longer as in the last run."""

import shutil
import subprocess

import pytest

from ketameta.cli import main
from ketameta.commands.results import verdicts_on
from ketameta.evidence.results import RatedResults
from ketameta.storage import parquet_of, read_table
from ketameta.tables.syntheses import ClaimTestRow

from .rows import row

CONFIG = "workflow/config/analyses.yaml"
OUTCOMES = "data/raw/outcomes.csv"


@pytest.fixture
def say(monkeypatch, capsys):
    """Return a function that explains in a project, in this process: status, output, errors."""

    def call(project, *words):
        monkeypatch.chdir(project.folder)
        capsys.readouterr()
        status = main(["explain", *words])
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, said.out, said.err)

    return call


@pytest.fixture
def copied(small_built, tmp_path):
    """Return the small project as built, without its pages: to edit and ask, not to run."""
    folder = tmp_path / "copied"
    for name in ("data", "workflow/config"):
        shutil.copytree(small_built.folder / name, folder / name)
    return type(small_built)(folder)


def flat(text):
    return " ".join(text.split())


# what the last run has


def test_alone_it_lists_every_analysis_with_title_and_trials(small_built, say):
    done = say(small_built)
    assert done.returncode == 0
    lines = [line.split(None, 2) for line in done.stdout.splitlines()[1:4]]
    assert [line[0] for line in lines] == ["response_24h", "response_24h_arm", "depression_24h"]
    assert lines[0][2] == "Response at 24 hours"
    studies = read_table(small_built.path("data/processed/studies.parquet")).to_pylist()
    assert int(lines[0][1]) == sum(s["analysis"] == "response_24h" for s in studies)


def test_an_analysis_names_its_claims_with_their_verdicts():
    tests = [row(ClaimTestRow, claim_id=name, claim=name.upper()) for name in ("a", "a", "b", "c")]
    told = RatedResults([], {"a": "mixed", "b": "not shown"})
    assert verdicts_on(tests, told) == ["a: mixed (A)", "b: not shown (B)"]
    assert verdicts_on(tests, RatedResults([], None)) == []


def test_a_trial_is_told_over_all_analyses(small_built, say):
    said = flat(say(small_built, "murrough2013a").stdout)
    assert "In 3 of 3 analyses:" in said
    assert "changed since" not in said
    said = flat(say(small_built, "zarate2006").stdout)
    studies = read_table(small_built.path("data/processed/studies.parquet")).to_pylist()
    inside = [s["analysis"] for s in studies if s["trial_id"] == "zarate2006"]
    assert f"In {len(inside)} of 3 analyses:" in said


def test_words_may_stand_in_either_order_and_an_unchanged_row_is_as_entered(small_built, say):
    one = say(small_built, "response_24h", "murrough2013a")
    assert one.stdout == say(small_built, "murrough2013a", "response_24h").stdout
    assert "Raw rows as entered:" in one.stdout
    assert "events=30" in one.stdout
    assert "in the run" not in one.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("respons_24h",), "unknown analysis or trial respons_24h; did you mean response_24h"),
        (("murough2013a",), "unknown analysis or trial murough2013a; did you mean murrough2013a"),
        (("response_24h", "zarate2005"), "unknown trial zarate2005; did you mean zarate2006"),
        # a label is not an id, but is known
        (("response_24h", "Zarate 2006"), "did you mean zarate2006"),
        (("respons_24h", "zarate2006"), "unknown analysis respons_24h; did you mean response_24h"),
        (("qqqq",), "`ketameta explain` lists the analyses"),
        (("response_24h", "depression_24h"), "unknown trial depression_24h"),
        (("a", "b", "c"), "one analysis and one trial at the most"),
    ],
)
def test_an_unknown_word_names_its_neighbours_among_all(small_built, say, words, said):
    done = say(small_built, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_trial_without_a_candidate_is_known_and_told_why(small_built, say):
    # no row of hu2016 is on a score of depression: it is a trial all the same
    done = say(small_built, "depression_24h", "hu2015")
    assert done.returncode == 2
    assert "did you mean hu2016" in done.stderr
    why = "none of its 6 rows is a candidate: another outcome (remission, response)"
    done = say(small_built, "depression_24h", "hu2016")
    assert (done.returncode, flat(done.stdout)) == (0, f"hu2016 is not in depression_24h: {why}")
    said = flat(say(small_built, "hu2016").stdout)
    assert "In none of 3 analyses." in said
    assert "response_24h a reported measure that this analysis cannot take (HR)" in said
    assert f"Not in depression_24h: {why}" in said


# what is no longer so


def test_an_edited_cell_is_shown_as_it_stands_with_what_the_run_had(copied, say):
    copied.edit(OUTCOMES, ",47,30,", ",47,31,")
    done = say(copied, "response_24h", "murrough2013a")
    assert done.returncode == 0
    said = flat(done.stdout)
    assert "data/raw changed since the last run (rows: 1 edited)" in said
    assert "`ketameta run`" in said
    assert "events=31 (in the run: 30)" in said
    assert ", edited since the run" in said
    assert "events=30" not in said
    # where the trial stands in a list it is marked, and the others are not
    lines = say(copied, "response_24h").stdout.splitlines()
    marked = [line.split()[0] for line in lines if "(rows changed since)" in line]
    assert marked == ["murrough2013a"]
    assert "changed since the last run" in flat(say(copied, "murrough2013a").stdout)


def test_the_list_of_analyses_tells_that_tables_changed(copied, say):
    assert "changed" not in say(copied).stdout
    copied.edit(OUTCOMES, ",47,30,", ",47,31,")
    done = say(copied)
    told, listed = done.stdout.split("\n\n", 1)
    assert flat(told).startswith("data/raw changed since the last run (rows: 1 edited): what ")
    assert "`ketameta run`" in told
    assert listed.startswith("analysis ")
    # rows in another order are another file, and the same tables
    copied.edit(OUTCOMES, ",47,31,", ",47,30,")
    head, *rows = copied.path(OUTCOMES).read_text(encoding="utf-8").splitlines(keepends=True)
    copied.path(OUTCOMES).write_text(head + "".join(rows[::-1]), encoding="utf-8")
    assert "changed" not in say(copied).stdout
    # a table that is gone, or a new one
    copied.edit("data/raw/trials.csv", "zarate2006", "zarate2007")
    assert "changed since the last run" in say(copied).stdout


def test_a_run_that_cannot_tell_is_listed_with_what_to_do(copied, say):
    copied.edit(OUTCOMES, ",47,30,", ",47,31,")
    copied.path("data/processed/outcomes.parquet").write_bytes(b"no table")
    done = say(copied)
    assert done.returncode == 0
    told, listed = done.stdout.split("\n\n", 1)
    assert "outcomes.parquet: cannot be read" in flat(told)
    assert "run `ketameta run`" in flat(told)
    assert listed.startswith("analysis ")
    assert "not run yet" not in listed


def test_a_cell_that_was_emptied_or_filled_is_shown_as_well(copied, say):
    copied.edit(OUTCOMES, ",47,30,", ",47,,")
    copied.edit(OUTCOMES, ",47,,", ",47,,")
    said = flat(say(copied, "response_24h", "murrough2013a").stdout)
    assert "events=empty (in the run: 30)" in said


def test_rows_that_moved_or_went_are_named_where_they_stand(copied, say):
    path = copied.path(OUTCOMES)
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    own = [
        n for n, row in enumerate(rows) if row.startswith("murrough2013a,ketamine_0.5,response,")
    ]
    line = next(n for n in own if ",47,30," in rows[n]) + 2
    # another trial's first row goes: every line below is another
    path.write_text("\n".join([header, *rows[1:]]) + "\n", encoding="utf-8")
    said = say(copied, "response_24h", "murrough2013a").stdout
    assert f"  data/raw/outcomes.csv:{line - 1}\n" in said
    assert "events=30" in said
    kept = [row for n, row in enumerate(rows) if n + 2 != line]
    path.write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    said = say(copied, "response_24h", "murrough2013a").stdout
    assert f"  data/raw/outcomes.csv:{line}: removed since the run\n" in said
    assert "events=30" not in said


def test_a_row_that_was_added_for_a_trial_is_shown(copied, say):
    path = copied.path(OUTCOMES)
    text = path.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if ",47,30," in line)
    path.write_text(text + row.replace(",24,", ",30,", 1) + "\n", encoding="utf-8")
    line = len(text.splitlines()) + 1
    for words in (("response_24h", "murrough2013a"), ("murrough2013a",)):
        said = flat(say(copied, *words).stdout)
        assert f"Changed since the run (1): data/raw/outcomes.csv:{line}: added, outcomes" in said
    assert "Changed since the run" not in say(copied, "zarate2006").stdout


def test_a_sorted_table_has_not_changed(copied, say):
    path = copied.path(OUTCOMES)
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *rows[::-1]]) + "\n", encoding="utf-8")
    assert "changed since" not in say(copied, "response_24h").stdout
    # nor has one that is a workbook now
    assert main(["convert", "data/raw", "tables.xlsx"]) == 0
    for old in copied.path("data/raw").iterdir():
        old.unlink()
    copied.path("tables.xlsx").rename(copied.path("data/raw/tables.xlsx"))
    said = say(copied, "response_24h", "murrough2013a").stdout
    assert "changed since" not in said
    assert "  data/raw/tables.xlsx[outcomes]:" in said


def test_what_was_just_added_is_not_unknown(copied, say):
    trials = copied.path("data/raw/trials.csv")
    text = trials.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("zarate2006,"))
    trials.write_text(text + row.replace("zarate2006", "new2026", 1) + "\n", encoding="utf-8")
    line = len(text.splitlines()) + 1
    for words in (("response_24h", "new2026"), ("new2026",)):
        done = say(copied, *words)
        assert done.returncode == 1
        assert done.stderr == (
            f"new2026 was added (data/raw/trials.csv:{line}) since the last run: "
            "run `ketameta run`\n"
        )
    # and is a neighbour
    assert "did you mean new2026" in say(copied, "response_24h", "nev2026").stderr


def test_an_analysis_that_was_just_added_is_not_unknown(copied, say):
    copied.edit(CONFIG, "  response_24h_arm:", "  responders:")
    done = say(copied, "responders")
    assert done.returncode == 1
    assert done.stderr.startswith(f"responders was added to {CONFIG} since the last run: run")
    assert "1 not run yet (–)" in say(copied).stdout


def test_a_question_that_changed_since_the_run_is_told(copied, say):
    assert "the question" not in say(copied, "response_24h").stdout
    copied.edit(CONFIG, "interval: auto", "interval: wald")
    said = flat(say(copied, "response_24h").stdout)
    assert "the question response_24h in workflow/config/analyses.yaml or the code changed" in said


def test_tables_with_faults_are_told(copied, say):
    copied.edit(OUTCOMES, ",47,30,", ",47,48,")
    said = flat(say(copied, "response_24h", "zarate2006").stdout)
    assert "and has 1 fault that `ketameta check` names" in said


@pytest.mark.parametrize("table", ["studies", "exclusions", "ledger", "syntheses", "outcomes"])
@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_run_that_cannot_tell_is_named_in_one_line(copied, say, table, damage):
    path = copied.path(f"data/processed/{table}.parquet")
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    else:
        table = read_table(path)
        path.write_bytes(parquet_of(table.drop_columns(table.column_names[:1])))
    for words in (("response_24h",), ("zarate2006",), ("response_24h", "zarate2006")):
        done = say(copied, *words)
        if done.returncode == 0:  # not every table is needed for every answer
            continue
        assert done.returncode == 1
        assert "ketameta run" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_before_a_run_it_says_what_to_do_and_still_knows_the_words(copied, say):
    shutil.rmtree(copied.path("data/processed"))
    for words in (("response_24h",), ("zarate2006",), ("response_24h", "zarate2006")):
        done = say(copied, *words)
        assert done.returncode == 1
        assert done.stderr == "nothing is made yet: run `ketameta run` first\n"
    assert "did you mean response_24h" in say(copied, "respons_24h").stderr
    assert "did you mean zarate2006" in say(copied, "zarate2005").stderr
    assert "3 not run yet (–): `ketameta run` pools them" in say(copied).stdout


def test_a_trial_without_rows_and_one_in_no_analysis_say_so(copied, say):
    """The trial has a line in trials and arms, and rows on an outcome that nobody asks for."""
    from ketameta import steps

    trials = copied.path("data/raw/trials.csv")
    text = trials.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("zarate2006,"))
    trials.write_text(text + row.replace("zarate2006", "new2026", 1) + "\n", encoding="utf-8")
    made = ["data/processed", "data/processed", "--config", CONFIG]
    say(copied)  # in its folder
    assert steps.main(["ingest", "data/raw", "data/processed"]) == 0
    assert steps.main(["normalize", *made]) == 0
    assert steps.main(["synthesize", *made]) == 0
    said = flat(say(copied, "response_24h", "new2026").stdout)
    assert said == "new2026 is not in response_24h: it has no row in outcomes or contrasts"
    said = flat(say(copied, "new2026").stdout)
    assert "In none of 3 analyses." in said
    assert "depression_24h: it has no row in outcomes or contrasts" in said


def test_arms_that_stand_apart_are_all_shown(copied, say):
    studies = read_table(copied.path("data/processed/studies.parquet"))
    rows = studies.to_pylist()
    twin = next(dict(r) for r in rows if r["trial_id"] == "zarate2006")
    twin |= {"comparison": "high"}
    made = type(studies).from_pylist([*rows, twin], schema=studies.schema)
    copied.path("data/processed/studies.parquet").write_bytes(parquet_of(made))
    said = say(copied, twin["analysis"], "zarate2006").stdout
    assert said.count("Raw rows as entered") == 2
    assert ", high in " in said


def test_a_specification_is_of_an_analysis_alone(small_built, say):
    path = small_built.path("data/processed/specifications.parquet")
    one = next(s for s in read_table(path).to_pylist() if s["configured"])
    done = say(small_built, one["analysis"], "--spec", one["spec"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "the analysis itself" in done.stdout
    done = say(small_built, "murrough2013a", "--spec", one["spec"])
    assert done.returncode == 2
    assert "--spec: of one analysis, and no trial" in done.stderr
    done = say(small_built, one["analysis"], "--spec", "none")
    assert done.returncode == 2
    assert f"{one['analysis']} has no specification none" in done.stderr
