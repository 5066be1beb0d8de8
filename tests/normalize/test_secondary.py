"""What is computed from a secondary source is secondary too."""

import pytest

from ketameta.normalize.trials import raw_rows


@pytest.mark.parametrize(
    ("seen", "source", "read_as"),
    [
        ("derived", "a review", "secondary"),
        ("derived", "the trial", "derived"),
        ("direct", "a review", "direct"),
        ("secondary", "another review", "secondary"),
    ],
)
def test_a_row_computed_from_a_source_that_others_call_secondary_rests_on_it(
    made, seen, source, read_as
):
    made.trial("a").trial("b")
    made.outcome("a", "ket", "response", seen="secondary", source="a review")
    made.contrast("b", "ket", "sal", "response", "OR", seen=seen, source=source)
    *_, row = raw_rows(made.tables())
    assert row.standing == read_as
    assert made.raw["contrasts"][0]["seen"] == seen, "the table stays as entered"


def test_a_trial_that_rests_on_a_secondary_source_says_so_and_narrowing_leaves_it_out(made, ask):
    from ketameta.vocabulary.narrowing import parse

    for name, seen, source in (("a", "derived", "a review"), ("b", "derived", "its report")):
        made.trial(name).events(name, {"ket": (5, 10), "sal": (2, 10)}, seen=seen, source=source)
    made.outcome("b", "ket", "remission", events=1, n=10, seen="secondary", source="a review")
    question = ask("response_24h")
    assert set(made.result(question)[0]) == {"a", "b"}
    narrowed = ask("response_24h", narrow=parse("seen=direct|derived"))
    assert set(made.result(narrowed)[0]) == {"b"}
