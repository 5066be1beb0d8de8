"""The files of words: closed, each fault with its place and the word that was meant."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.commands.examine import examined_folder
from ketameta.commands.unused import unused_words
from ketameta.configuration import ConfigurationError, load
from ketameta.vocabulary import FOLDER, subject, use, vocabulary
from ketameta.vocabulary.checking import word_files

from .conftest import ROOT, TABLES, copy_subject

FILES = ROOT / "tests" / "vocabulary"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FILES, tmp_path / FOLDER))


def faults(folder):
    return [line.rpartition(f"{FOLDER}/")[2] for file in word_files(folder) for line in file.told()]


@pytest.mark.parametrize(
    "place",
    [
        FILES,
        ROOT / "tests/school/vocabulary",
        ROOT / "examples/psilocybin/workflow/config/vocabulary",
    ],
    ids=["tests", "school", "psilocybin"],
)
def test_the_words_of_the_tests_and_examples_are_in_order(place):
    assert faults(place) == []
    assert len(word_files(place)) >= 4


# file, what is replaced by what, the fault without its line
FAULTS = {
    "a key": (
        "outcomes", "group: efficacy, verb: respond", "grup: efficacy, verb: respond",
        "response: unknown key grup; did you mean group?",
    ),
    "a missing key": (
        "outcomes", ", group: efficacy, verb: respond", ", verb: respond",
        "response: the key group is missing",
    ),
    "a word of a key": (
        "outcomes", "sense: bad, group: efficacy, verb: relapse", "sense: bed, group: efficacy",
        "relapse.sense: unknown word bed; did you mean bad?",
    ),
    "another event": (
        "outcomes", "implies: response", "implies: respond",
        "remission.implies: unknown word respond; did you mean response?",
    ),
    "an empty word": (
        "outcomes", "implies: response", "implies: ''",
        "remission.implies: needs letters, digits and _ only, the first a letter, at most 60, "
        "not ''",
    ),
    "a blank label": (
        "outcomes", "{label: Response", "{label: '  '",
        "response.label: needs a line of 1 to 300 characters, not '  '",
    ),
    "a score is no event": (
        "outcomes", "kind: score, sense: bad, group: efficacy", "kind: score, sense: bad, "
        "implies: response, group: efficacy",
        "depression_score.implies: only an event implies another event",
    ),
    "a kind of outcome": (
        "outcomes", "prior: pain", "prior: pane",
        "pain_score.prior: unknown word pane; did you mean pain?",
    ),
    "one bound": (
        "scales", "minimum: 0, maximum: 144", "minimum: 0",
        "LSAS: has one bound alone: maximum is missing",
    ),
    "bounds": (
        "scales", "minimum: 0, maximum: 144", "minimum: 200, maximum: 144",
        "LSAS.minimum: 200 is not below maximum 144",
    ),
    "a difference": (
        "scales", "mid: 3, mid_source", "mid: 60, mid_source",
        "HAMD17.mid: 60 is as much as the whole scale",
    ),
    "a source": (
        "scales", 'mid: 3, mid_source: "NICE CG23 2004, convention"', "mid: 3",
        "HAMD17: mid and mid_source go together: mid_source is missing",
    ),
    "case": (
        "scales", "LSAS:   {", "madrs: {label: a, measures: b, higher: worse}\nLSAS:   {",
        "madrs: differs from MADRS by its case alone",
    ),
    "a class": (
        "treatments", "{label: saline, comparator_class: inert}",
        "{label: saline, comparator_class: inrt}",
        "treatments.saline.comparator_class: unknown word inrt; did you mean inert?",
    ),
    "a class of no arm": (
        "treatments",
        "  inert+usual care: placebo",
        "  inert+tea: tea\n  inert+usual care: placebo",
        "comparator_classes.inert+tea: no cotreatment is tea: the class is of no arm",
    ),
    "a route": (
        "treatments", "route_words: {IV: IV", "route_words: {IVV: IV",
        "route_words.IVV: unknown word IVV; did you mean IV?",
    ),
    "a list": (
        "words", "periods:", "period:", "top level: unknown key period; did you mean periods?"
    ),
    "a time": (
        "words", "periods: {6 h: up", "periods: {6 hours: up",
        "periods.6 hours: 6 hours is no period; these are: 1 h, 2 d, 3 wk, 4 mo, 5 y",
    ),
    "times in order": (
        "words", "periods: {6 h: up", "periods: {6 wk: up",
        "periods.2 d: is no later than the one before",
    ),
    "a word of the method": (
        "words", "design_flags:", "design_flags:\n  randomised withdrawal: mine",
        "design_flags.randomised withdrawal: is a word of the method, and cannot be changed",
    ),
    "a grouping": (
        "words", "splits: {drug_route:", "splits: {drugroute:",
        "splits: unknown key drugroute; did you mean drug_route?",
    ),
    "a distribution": (
        "priors", "  kind: log-normal", "  kind: lognormal",
        "ratio.kind: unknown word lognormal; did you mean log-normal?",
    ),
    "a scale alone": (
        "priors", "mental health: [-2.12, 1.53]", "mental health: [-2.12]",
        "ratio.comparisons.pharmacological vs placebo.mental health: needs the location of log "
        "tau² and its scale above 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "told"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_is_one_fault_with_its_place(folder, name, old, new, told):
    path = folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    edited = text.replace(old, new, 1)
    path.write_text(edited, encoding="utf-8")
    # the first line that is another
    pairs = enumerate(zip(edited.splitlines(), text.splitlines(), strict=False), start=1)
    line = next(number for number, (one, other) in pairs if one != other)
    (fault,) = faults(folder)
    place, _, message = fault.partition(": ")
    file, _, number = place.partition(":")
    assert (file, message) == (f"{name}.yaml", told)
    # the fault, or the line after it: a name that was added
    assert int(number) in (line, line + 1)


def test_events_that_imply_each_other_in_a_circle_are_told_of_each(folder):
    about = "{label: x, kind: event, sense: good, group: efficacy, implies: %s}"
    names = ["aa", "bb", "cc", "aa"]
    lines = [f"{one}: {about % other}" for one, other in pairwise(names)]
    path = folder / "outcomes.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text("\n".join([before.rstrip(), *lines, f"dd: {about % 'aa'}\n"]), "utf-8")
    told = [fault.partition(": ")[2] for fault in faults(folder)]
    assert told == [
        "aa.implies: bb implies cc implies aa as well: then they are one",
        "bb.implies: cc implies aa implies bb as well: then they are one",
        "cc.implies: aa implies bb implies cc as well: then they are one",
    ]


def test_a_link_to_nothing_is_a_file_that_cannot_be_read(here):
    path = here / "workflow/config" / FOLDER / "priors.yaml"
    path.unlink()
    path.symlink_to("nowhere.yaml")
    use()
    with pytest.raises(ConfigurationError, match=r"priors\.yaml: cannot be read"):
        vocabulary()


@pytest.mark.parametrize("written", ["no", "12:30", "2024-01-31", "0x1F", "1_000", "off"])
def test_words_are_read_as_their_form_was_held_against_them(here, written):
    words = f"{{label: {written}, measures: b, higher: worse, minimum: 1e1, maximum: 20.5}}"
    slip(here, "scales.yaml", "LSAS: ", f"{written}: {words}\nLSAS: ")
    load()
    scale = vocabulary().scales[written]
    assert (scale.label, scale.minimum, scale.maximum) == (written, 10, 20.5)


def test_of_many_words_the_neighbours_in_the_alphabet_are_asked_for(folder):
    about = "label: x, kind: event, sense: good, group: efficacy"
    names = [f"event_{i:04d}" for i in range(400)]
    text = "".join(f"{name}: {{{about}, implies: {name}0}}\n" for name in names)
    (folder / "outcomes.yaml").write_text(text, "utf-8")
    told = faults(folder)
    assert len(told) == len(names)
    assert all(fault.endswith("?") for fault in told)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a folder with a configuration and the tables of the tests, whose words are taken."""
    before = subject()
    shutil.copytree(TABLES, tmp_path / "data" / "raw")
    copy_subject(tmp_path)
    monkeypatch.chdir(tmp_path)
    use()
    yield tmp_path
    use(before)


def slip(here, name, old, new):
    path = here / "workflow/config" / FOLDER / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    use()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minimum: 0, maximum: 144", "minium: 0, maximum: 144", "unknown key minium; did you mean"),
        ("LSAS:   {label", "LSAS:   [label", "scales.yaml:3"),
    ],
)
def test_whoever_asks_first_is_told_the_fault(here, capsys, old, new, said):
    slip(here, "scales.yaml", old, new)
    with pytest.raises(ConfigurationError, match=r"scales\.yaml:3\d"):
        vocabulary()
    with pytest.raises(ConfigurationError, match=r"scales\.yaml:3\d"):
        load()
    for words in (["check"], ["explain"], ["convert", "data/raw", "all.xlsx"]):
        assert main(words) == 1
        told = capsys.readouterr().err
        assert said in told
        assert "Traceback" not in told


def test_a_fault_that_reads_is_told_by_who_reads_the_questions(here):
    slip(here, "words.yaml", "periods: {6 h", "periods: {3 d")
    assert "3 d" in vocabulary().words("periods")
    with pytest.raises(ConfigurationError, match="is no later than the one before"):
        load()


def test_words_that_nothing_uses_are_a_note_a_list(here):
    before = {problem.file: problem.message for problem in notes(here)}
    slip(
        here,
        "outcomes.yaml",
        "response:  ",
        "zeal: {label: Zeal, kind: event, sense: good, group: efficacy}\nresponse:  ",
    )
    slip(here, "scales.yaml", "LSAS: ", "ZYX: {label: Zyx, measures: zeal, higher: worse}\nLSAS: ")
    found = notes(here)
    after = {problem.file: problem.message for problem in found}
    for problem in found:  # each with the line of the first word that it names
        line = (here / problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1]
        assert line.partition(":")[0].strip() in problem.message
    for name, word in (("outcomes.yaml", "zeal"), ("scales.yaml", "ZYX")):
        path = f"workflow/config/{FOLDER}/{name}"
        assert word in after[path]
        assert word not in before.get(path, "")
        assert "[unused-word]" in after[path]
    # what a table or a question has is used
    assert not any("MADRS," in message for message in after.values())


def notes(here):
    found = examined_folder(here / "data" / "raw")
    return unused_words(found.tables, load())
