"""Many analyses of any size in one call: as the single calls, to the last bit."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ketameta.stats import (
    egger,
    leave_one_out,
    mantel_haenszel,
    many,
    peto,
    pool_many,
    random_effects,
)
from ketameta.stats.numerics.shown import number_fields


@pytest.fixture(scope="module")
def ragged():
    """Return shuffled rows of 60 analyses of 1 to 30 studies, some of them absent."""
    rng = np.random.default_rng(20)
    sizes = rng.integers(1, 31, 60)
    group = rng.permutation(np.repeat([f"a{i}" for i in range(60)], sizes))
    yi, vi = rng.normal(0.3, 0.5, group.size), rng.lognormal(-3, 1.5, group.size)
    absent = rng.random(group.size) < 0.05
    yi[absent] = vi[absent] = np.nan
    return group, yi, vi


def same(cell, other):
    return np.array_equal(cell, other, equal_nan=not isinstance(cell, str))


@pytest.mark.parametrize("tau2", ["REML", "DL", "PM", "EE"])
def test_each_analysis_is_what_it_is_alone_to_the_last_bit(ragged, tau2):
    group, yi, vi = ragged
    found = pool_many(yi, vi, group, tau2=tau2)
    assert list(found.index) == list(dict.fromkeys(group))
    for name in found.index:
        rows = group == name
        alone = random_effects(yi[rows], vi[rows], tau2)
        for field in found.columns[:-1]:
            assert same(found.loc[name, field], getattr(alone, field)), (name, field)
    assert (found["fault"] == "").all()


def test_every_number_of_an_analysis_is_a_column(ragged):
    group, yi, vi = ragged
    found = pool_many(yi, vi, group)
    numbers = set(number_fields(type(random_effects([0.1], [0.1])))) - {"weights"}
    assert set(found.columns) == numbers | {"fault"}
    assert found["k"].dtype.kind == "i"


@pytest.mark.parametrize(("fit", "options"), [(egger, {}), (egger, {"model": "lm"})])
def test_other_functions_go_by_the_same_door(ragged, fit, options):
    group, yi, vi = ragged
    found = many(fit, group, yi, vi, **options)
    for name in found.index:
        rows = group == name
        alone = fit(yi[rows], vi[rows], **options)
        assert same(found.loc[name, "slope"], alone.slope)
        assert same(found.loc[name, "p"], alone.p)


def test_counts_are_given_by_name_as_columns(ragged):
    group = ragged[0]
    rng = np.random.default_rng(3)
    n1i, n2i = rng.integers(10, 90, group.size), rng.integers(10, 90, group.size)
    counts = {"ai": rng.binomial(n1i, 0.3), "n1i": n1i, "ci": rng.binomial(n2i, 0.2), "n2i": n2i}
    pooled = many(mantel_haenszel, group, measure="RR", **counts)
    for name in pooled.index:
        own = {column: values[group == name] for column, values in counts.items()}
        assert same(pooled.loc[name, "estimate"], mantel_haenszel("RR", **own).estimate)
    assert (many(peto, group, **counts)["k"] == pooled["k"]).all()


def test_what_is_found_of_a_study_stands_in_the_order_of_the_rows(ragged):
    group, yi, vi = ragged
    found = many(leave_one_out, group, yi, vi)
    assert list(found["analysis"]) == list(group)
    for name in pd.unique(group)[:20]:
        rows = group == name
        alone = leave_one_out(yi[rows], vi[rows]).estimate
        np.testing.assert_array_equal(found.loc[rows, "estimate"], alone)


def test_columns_may_be_of_a_frame_or_of_arrow(ragged):
    group, yi, vi = ragged
    frame = pd.DataFrame({"review": group, "y": yi, "v": vi}, index=range(5, 5 + group.size))
    plain = pool_many(yi, vi, group)
    by_name = pool_many("y", "v", "review", data=frame)
    assert by_name.index.name == "review"
    pd.testing.assert_frame_equal(by_name.rename_axis("analysis"), plain)
    arrow = pool_many("y", "v", "review", data=pa.Table.from_pandas(frame, preserve_index=False))
    pd.testing.assert_frame_equal(arrow.rename_axis("analysis"), plain)


def test_a_row_that_cannot_be_stops_its_analysis_alone_and_is_named(ragged):
    group, yi, vi = ragged
    whole = pool_many(yi, vi, group)
    bad = vi.copy()
    rows = [int(np.flatnonzero((group == name) & ~np.isnan(vi))[-1]) for name in ("a7", "a31")]
    bad[rows[0]], bad[rows[1]] = 0, np.inf
    found = pool_many(yi, bad, group)
    told = found[found["fault"] != ""]["fault"].to_dict()
    assert told == {
        "a7": f"vi[{rows[0]}] is 0; a sampling variance is above 0",
        "a31": f"vi[{rows[1]}] is infinite",
    }
    assert found.loc[[*told], "estimate"].isna().all()
    pd.testing.assert_frame_equal(found.drop([*told]), whole.drop([*told]))


def test_what_is_wrong_with_the_call_is_no_fault_of_the_analyses(ragged):
    group, yi, vi = ragged
    with pytest.raises(ValueError, match="tau2 is one of"):
        pool_many(yi, vi, group, tau2="REMM")
    with pytest.raises(ValueError, match=r"column 2 has shape \(2,\)"):
        pool_many(yi, vi[:2], group)
    with pytest.raises(ValueError, match=r"group\[1\] is missing"):
        pool_many([0.1, 0.2], [0.1, 0.1], ["a", None])
    with pytest.raises(ValueError, match="group has 2 axes"):
        pool_many([0.1], [0.1], [["a"]])


def test_no_rows_are_no_analyses():
    found = pool_many([], [], [])
    assert found.empty
