"""`pool`: one line, whatever the effects come in, and what it shows."""

from inspect import signature

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ketameta.stats import back_transform, pool, random_effects
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.univariate.results import RandomEffects

NAMES = ["Ash", "Beech", "Cedar", "Dogwood", "Elm", "Fir"]
Y = [0.12, 0.31, 0.52, 0.18, 0.44, 0.05]
SE = [0.14, 0.17, 0.12, 0.2, 0.14, 0.3]
FRAME = pd.DataFrame({"study": NAMES, "yi": Y, "sei": SE, "vi": np.square(SE), "extra": 1.0})
OTHER = FRAME.rename(columns={"yi": "lnrr", "sei": "error", "study": "paper"}).drop(columns="vi")


def same(found, names):
    expected = random_effects(np.array(Y), np.square(SE))
    for name in number_fields(RandomEffects):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert found.studies == (None if names is None else tuple(names))


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"yi": Y, "sei": SE}, None),
        ({"yi": tuple(Y), "vi": np.square(SE)}, None),
        ({"yi": Y, "sei": SE, "slab": NAMES}, NAMES),
        ({"yi": pd.Series(Y, NAMES), "sei": pd.Series(SE, NAMES)[::-1]}, NAMES),
        ({"yi": pd.Series(Y, NAMES), "sei": SE}, NAMES),
        # labels pair; names given beside them win
        (
            {"yi": pd.Series(Y), "sei": pd.Series(SE)[::-1], "slab": pd.Series(NAMES)[::-1]},
            NAMES,
        ),
        ({"yi": FRAME}, NAMES),
        ({"data": FRAME}, NAMES),
        ({"data": FRAME, "vi": "vi"}, NAMES),
        ({"data": FRAME[["yi", "vi"]].set_axis(NAMES)}, NAMES),
        ({"data": OTHER, "yi": "lnrr", "sei": "error", "slab": "paper"}, NAMES),
        ({"data": OTHER, "yi": "lnrr", "sei": "error"}, None),
        ({"data": pa.Table.from_pandas(FRAME)}, NAMES),
        ({"data": FRAME.to_dict("list")}, NAMES),
        ({"data": FRAME, "yi": Y}, NAMES),
        ({"yi": np.ma.array(Y), "sei": np.ma.array(SE)}, None),
    ],
    ids=range(16),
)
def test_whatever_effects_come_in_the_numbers_are_those_of_the_engine(given, names):
    same(pool(**given), names)


def test_it_takes_them_by_place_too_and_arrow_with_empty_cells():
    same(pool(Y, SE), None)
    table = pa.table({"yi": [0.1, None, 0.4], "sei": [0.2, None, 0.3], "slab": ["A", None, "C"]})
    found = pool(table)
    assert found.k == 2
    assert found.studies == ("A", "2", "C")
    np.testing.assert_array_equal(np.isnan(found.weights), [False, True, False])
    hidden = np.ma.array([0.1, 9.0, 0.4], mask=[0, 1, 0])
    assert pool(hidden, [0.2, 0.1, 0.3]).estimate == found.estimate


def test_the_defaults_are_those_of_the_engine_and_so_of_the_command():
    own, engine = (
        {name: p.default for name, p in signature(f).parameters.items()}
        for f in (pool, random_effects)
    )
    asked = ("tau2", "interval", "level", "prediction")
    assert [own[name] for name in asked] == [engine[name] for name in asked]
    # weights of one's own are data, not an option
    assert set(engine) - {"yi", "vi", "weights", "tau2_interval"} == {*asked}
    for options in ({"tau2": "FE"}, {"interval": "wald", "level": 0.9}, {"prediction": "normal"}):
        assert pool(Y, SE, **options).ci_low == random_effects(Y, np.square(SE), **options).ci_low


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (((Y,), {}), "takes yi with either sei"),
        (((Y, SE), {"vi": SE}), "takes yi with either sei"),
        ((([Y, Y], [SE, SE]), {}), "`pool_many` long columns"),
        (((Y, SE[:3]), {}), "numbers of studies: yi 6, sei 3"),
        (((Y, [*SE[:5], -0.3]), {}), r"sei\[5\] is -0.3; a standard error is above 0"),
        (((Y, [*SE[:5], 0]), {}), r"sei\[5\] is 0; a standard error is above 0"),
        (((Y, [*SE[:5], None]), {}), r"sei\[5\] is missing while its yi is 0.05"),
        ((([*Y[:5], np.nan], SE), {}), r"sei\[5\] is 0.3 while its yi is missing"),
        (((Y, [*SE[:5], np.inf]), {}), "infinite"),
        (((Y,), {"vi": [*SE[:5], 0]}), r"vi\[5\] is 0; a sampling variance is above 0"),
        (((Y, SE), {"slab": NAMES[1:]}), "slab has 5 names, and there are 6 studies"),
        (((Y, SE), {"measure": "RRR"}), "measure is one of"),
        (((Y, SE), {"measure": "PFT"}), "measure is one of"),
        (((Y, SE), {"tau2": "reml"}), "did you mean 'REML'"),
        (((FRAME,), {"sei": "sie"}), "data has no column 'sie' for sei"),
        (((OTHER,), {}), "data has no column 'yi'"),
        (((), {"data": Y}), "data is a table with named columns"),
        (((pd.Series(Y, NAMES), pd.Series(SE)), {}), "do not carry the same labels"),
    ],
)
def test_what_cannot_be_is_named(given, said):
    args, words = given
    with pytest.raises(ValueError, match=said):
        pool(*args, **words)


def test_a_frame_has_the_studies_and_below_them_what_they_give_together():
    found = pool(FRAME, measure="RR")
    frame = found.to_frame()
    assert list(frame.index) == [*NAMES, "pooled", "prediction"]
    assert list(frame.columns) == ["yi", "sei", "effect", "ci_low", "ci_high", "weight"]
    row = frame.loc["pooled"]
    assert (row["yi"], row["sei"]) == (found.estimate, found.se)
    assert tuple(row[["effect", "ci_low", "ci_high"]]) == tuple(
        np.exp([found.estimate, found.ci_low, found.ci_high])
    )
    assert frame.loc["prediction", "ci_high"] == np.exp(found.pi_high)
    np.testing.assert_allclose(frame["weight"].iloc[:6].sum(), 100)
    # the normal interval of a study: 1.96 standard errors
    assert frame.loc["Ash", "ci_low"] == pytest.approx(np.exp(0.12 - 1.959963984540054 * 0.14))


@pytest.mark.parametrize("measure", ["GEN", "SMD", "RR", "HR", "PLO", "ZCOR"])
def test_what_is_shown_is_on_the_scale_that_people_read(measure):
    found = pool(FRAME, measure=measure)
    back = back_transform("RR" if measure == "HR" else measure, found.estimate)
    assert found.to_frame().loc["pooled", "effect"] == back
    assert f"{back:.4g}" in repr(found)


def test_it_prints_within_a_terminal_and_the_same_in_a_notebook():
    long = pool(
        Y * 5, SE * 5, slab=[f"A study with a name that has no end, part {i}" for i in Y * 5]
    )
    few = pool(Y[:1], SE[:1])
    for found in (pool(FRAME), long, few, pool([], [])):
        lines = repr(found).splitlines()
        assert max(map(len, lines)) <= 80
        assert [line.split()[0] for line in lines if line.startswith("p")] == [
            "pooled",
            "prediction",
        ]
        page = found._repr_html_()
        title, rows, below = found.table()
        assert title.startswith("Pooled: GEN, ")
        assert page.count("<tr>") == len(rows)
        assert all(f"<p>{text}</p>" in page for text in below)
    assert "and 20 more studies" in repr(long)
    assert "nan" not in repr(few)
