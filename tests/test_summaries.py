"""Tables of summary of findings in the configuration: what they name, and what is refused."""

from pathlib import Path

import pytest
import yaml

from ketameta.configuration import ConfigurationError, load

BASE = yaml.safe_load((Path(__file__).parent / "analyses.yaml").read_text(encoding="utf-8"))
BLOCK = {
    "title": "A drug against placebo",
    "population": "adults with depression",
    "treatment": "a drug",
    "control": "placebo",
    "outcomes": ["response_24h", "ae_any"],
}


@pytest.fixture
def loaded(tmp_path):
    """Return a function that loads the tests' questions with these blocks of summaries."""

    def load_with(*blocks):
        path = tmp_path / "analyses.yaml"
        path.write_text(yaml.safe_dump(BASE | {"summaries": list(blocks)}, sort_keys=False))
        return load(path)

    return load_with


def test_a_summary_names_its_analyses_whole_or_narrowed(loaded):
    narrow = "population=TRD&n_doses=1"
    whole, narrowed = loaded(BLOCK, BLOCK | {"title": "Narrowed", "narrow": narrow}).summaries
    assert whole.names == ("response_24h", "ae_any")
    assert narrowed.names == (f"response_24h@{narrow}", f"ae_any@{narrow}")
    assert loaded(BLOCK | {"narrow": None}).summaries == (whole,)


def test_what_a_summary_narrows_is_computed(loaded):
    asked = loaded(BLOCK | {"narrow": "n_doses=1&population=TRD"})
    assert set(asked.summaries[0].names) <= set(asked.names)
    assert len(asked.names) == len(asked.whole) + 2


def test_two_summaries_of_one_title_are_refused(loaded):
    with pytest.raises(ConfigurationError, match=r"summaries\.1\.title: .* stands twice"):
        loaded(BLOCK, BLOCK)


def test_no_summary_need_be_asked_for():
    assert load(Path(__file__).parent / "analyses.yaml").summaries == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcomes": ["response_24"]}, "unknown word response_24; did you mean response_24h?"),
        ({"outcomes": []}, "summaries.0.outcomes: is empty"),
        ({"outcomes": ["ae_any", "ae_any"]}, "'ae_any' stands twice"),
        ({"outcomes": [*BASE["analyses"]][:8]}, "summaries.0.outcomes: holds 8; at most 7"),
        (
            {"narrow": "population=TDR"},
            "0.narrow: population has no TDR; did you mean TRD",
        ),
        ({"narrow": "popul=TRD"}, "cannot be narrowed by popul; did you mean population?"),
        ({"narrow": 3}, "summaries.0.narrow: needs text or null, not 3"),
        ({"narow": "a=b"}, "summaries.0: unknown key narow; did you mean narrow?"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fault_is_told_with_its_place(loaded, change, said):
    with pytest.raises(ConfigurationError, match=r"analyses\.yaml") as error:
        loaded(BLOCK | change)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_seven_outcomes_are_not_too_many(loaded):
    (summary,) = loaded(BLOCK | {"outcomes": [*BASE["analyses"]][:7]}).summaries
    assert len(summary.names) == 7


def test_only_what_the_report_shows_is_made_anew_for_a_summary(loaded):
    none, one = loaded(), loaded(BLOCK)
    assert none.digest("select", "model") == one.digest("select", "model")
    assert none.digest("display") != one.digest("display")
