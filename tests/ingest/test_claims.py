"""Claims of several parts: a row a part, and what all of them have in common."""

import pytest

HEAD = "claim_id,claim,part,kind,section,headline,direction,rule"
ROWS = [
    "harms,Few and brief,are few,safety,safety,true,no worse than control,by the interval",
    "harms,Few and brief,are brief,safety,safety,true,no worse than control,by the interval",
    "works,It works,,efficacy,within a day,FALSE,favours treatment,by the interval",
]


def put(folder, *edits):
    text = "\n".join([HEAD + ",source_document,population,claimed_value,claimed_unit,analysis"])
    rows = [row + ",,,,," for row in ROWS]
    for line, old, new in edits:
        assert old in rows[line - 2]
        rows[line - 2] = rows[line - 2].replace(old, new)
    folder.write("claims", "\n".join([text, *rows]) + "\n")
    return folder.check()


def test_a_claim_of_two_parts_is_in_order(folder):
    assert put(folder).errors == []


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ((3, "are brief", "are few"), "claims.csv:3 column part: the row repeats line 2"),
        ((3, "are brief", ""), "claims.csv:3 column part: is empty; a claim of several rows"),
        ((2, "are few", ""), "claims.csv:2 column part: is empty; a claim of several rows"),
        ((3, "Few and brief", "Brief"), "column claim: another row of this claim (line 2) says"),
        ((3, ",safety,true", ",lasting,true"), "column section: another row of this claim"),
        ((3, "true", "false"), "column headline: another row of this claim"),
        ((4, "FALSE", "yes"), "column headline: 'yes' is neither true nor false"),
        ((4, "within a day", "within the day"), "column section: "),
    ],
)
def test_parts_that_disagree_are_told(folder, edit, says):
    (error,) = put(folder, edit).errors
    assert says in error
