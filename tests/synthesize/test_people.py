"""People of several results together: nobody twice, whichever report tells of them."""

import pytest

from ketameta.synthesize.people import together
from ketameta.tables.raw import TrialRow

from ..rows import row

PARTS = {"pool": "one;two", "part": "whole", "again": "whole"}


@pytest.mark.parametrize(
    ("results", "counted"),
    [
        ([], (0, 0)),
        # the same trial in two results: the most people
        ([{"alone": 60}, {"alone": 66, "other": 10}], (2, 76)),
        # two trials here, the pool of both there: two trials, and the people of the larger side
        ([{"alone": 66, "one": 225, "two": 227}, {"pool": 452}], (3, 518)),
        ([{"alone": 66, "one": 225, "two": 227}, {"pool": 456}], (3, 522)),
        ([{"alone": 66, "one": 225, "two": 227}, {"pool": 440}], (3, 518)),
        # one of them, and the pool
        ([{"one": 225}, {"pool": 452}], (1, 452)),
        # a part of a trial, another part, and the whole
        ([{"part": 40, "whole": 90}, {"again": 30}], (1, 90)),
        ([{"part": 40}, {"again": 30}], (1, 40)),
    ],
)
def test_reports_of_the_same_people_count_once(results, counted):
    names = {name for result in results for name in result}
    trials = {name: row(TrialRow, trial_id=name, part_of=PARTS.get(name)) for name in names}
    assert together(results, trials) == counted
