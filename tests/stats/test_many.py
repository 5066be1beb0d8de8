"""Many analyses of any size in one call: as the single calls, to the last bit."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ketameta.stats import (
    begg,
    cumulative,
    effect_size,
    egger,
    harbord,
    inverse_variance,
    leave_one_out,
    mantel_haenszel,
    many,
    peters,
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
    words = np.asarray(other).dtype.kind == "U"
    return np.array_equal(np.asarray(cell), other, equal_nan=not words)


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


def counts_of(seed, size):
    rng = np.random.default_rng(seed)
    n1i, n2i = rng.integers(5, 90, size), rng.integers(5, 90, size)
    ai, ci = rng.binomial(n1i, 0.2), rng.binomial(n2i, 0.15)
    return {"ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i}


def means_of(seed, size):
    rng = np.random.default_rng(seed)
    arms = {f"n{i}i": rng.integers(5, 90, size) for i in (1, 2)}
    spread = {f"sd{i}i": rng.uniform(2, 9, size) for i in (1, 2)}
    return arms | spread | {f"m{i}i": rng.normal(20, 4, size) for i in (1, 2)}


def times_of(seed, size):
    rng = np.random.default_rng(seed)
    times = {f"t{i}i": rng.uniform(50, 900, size) for i in (1, 2)}
    return times | {f"x{i}i": rng.poisson(0.02 * times[f"t{i}i"]) for i in (1, 2)}


def effects_of(seed, size):
    rng = np.random.default_rng(seed)
    return {"yi": rng.normal(0.3, 0.5, size), "vi": rng.lognormal(-3, 1.5, size)}


FITS = {
    "regression on standard errors": (egger, {}, effects_of),
    "the classical one": (egger, {"model": "lm"}, effects_of),
    "on sizes": (peters, {}, lambda *how: counts_of(*how) | {"yi": effects_of(*how)["yi"]}),
    "on their scores": (harbord, {}, counts_of),
    "rank correlation": (begg, {}, effects_of),
    "one effect": (inverse_variance, {}, effects_of),
    "each left out": (leave_one_out, {}, effects_of),
    "one after the other": (cumulative, {}, effects_of),
    "Mantel-Haenszel OR": (mantel_haenszel, {"measure": "OR"}, counts_of),
    "Mantel-Haenszel RR": (mantel_haenszel, {"measure": "RR"}, counts_of),
    "Mantel-Haenszel RD": (mantel_haenszel, {"measure": "RD"}, counts_of),
    "Mantel-Haenszel rates": (mantel_haenszel, {"measure": "IRR"}, times_of),
    "Peto": (peto, {}, counts_of),
    "RR": (effect_size, {"measure": "RR"}, counts_of),
    "OR": (effect_size, {"measure": "OR"}, counts_of),
    "MD": (effect_size, {"measure": "MD"}, means_of),
    "CVR": (effect_size, {"measure": "CVR", "vtype": "LS2"}, means_of),
    "SMD": (effect_size, {"measure": "SMD"}, means_of),
    "ROM": (effect_size, {"measure": "ROM"}, means_of),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", FITS)
def test_other_functions_go_by_the_same_door_to_the_last_bit(name, seed):
    fit, options, columns_of = FITS[name]
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 15, 20)
    group = rng.permutation(np.repeat(np.arange(20), sizes))
    columns = columns_of(seed, group.size)
    found = many(fit, group, **columns, **options)
    assert (found["fault"] == "").all()
    for one in range(20):
        rows = group == one
        alone = fit(**{name: x[rows] for name, x in columns.items()}, **options)
        own = found.loc[one] if found.index.name else found[rows]
        for field in found.columns.difference(["analysis", "fault"]):
            assert same(own[field], getattr(alone, field)), (one, field)


@pytest.mark.parametrize(("fit", "options"), [(mantel_haenszel, {"measure": "RR"}), (peto, {})])
def test_counts_that_cannot_be_stop_their_analysis_alone(fit, options):
    counts = counts_of(5, 12)
    group = np.repeat(["a", "b", "c"], 4)
    counts["ai"][6] = counts["n1i"][6] + 1
    found = many(fit, group, **counts, **options)
    assert found["fault"].to_dict() == {
        "a": "", "b": f"ai[6] is larger than n1i ({counts['ai'][6]})", "c": "",
    }  # fmt: skip
    assert found["estimate"].isna().to_dict() == {"a": False, "b": True, "c": False}


def test_what_is_found_of_a_study_stands_in_the_order_of_the_rows(ragged):
    group, yi, vi = ragged
    found = many(leave_one_out, group, yi, vi)
    assert list(found["analysis"]) == list(group)


def test_columns_may_be_of_a_frame_or_of_arrow(ragged):
    group, yi, vi = ragged
    frame = pd.DataFrame({"review": group, "y": yi, "v": vi}, index=range(5, 5 + group.size))
    plain = pool_many(yi, vi, group)
    by_name = pool_many("y", "v", "review", data=frame)
    assert by_name.index.name == "review"
    pd.testing.assert_frame_equal(by_name.rename_axis("analysis"), plain)
    arrow = pool_many("y", "v", "review", data=pa.Table.from_pandas(frame, preserve_index=False))
    pd.testing.assert_frame_equal(arrow.rename_axis("analysis"), plain)


def test_a_column_that_is_not_there_is_named_with_what_was_meant(ragged):
    group, yi, vi = ragged
    frame = pd.DataFrame({"review": group, "yi": yi, "vi": vi})
    with pytest.raises(ValueError, match=r"no column 'vii' for vi; did you mean 'vi'\?"):
        pool_many("yi", "vii", "review", data=frame)
    with pytest.raises(ValueError, match="no column 'x' for group: review, yi, vi"):
        pool_many("yi", "vi", "x", data=pa.Table.from_pandas(frame))
    with pytest.raises(ValueError, match="data is a table with named columns"):
        pool_many("yi", "vi", "review", data=[yi, vi])


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


@pytest.mark.parametrize("fit", [random_effects, egger, leave_one_out])
def test_no_rows_are_no_analyses_and_have_the_columns_of_some(fit):
    found = many(fit, [], [], [])
    assert found.empty
    assert list(found.columns) == list(many(fit, ["a", "a"], [0.1, 0.2], [0.1, 0.1]).columns)


def test_one_analysis_that_is_refused_has_the_columns_of_others():
    found = pool_many([0.1], [0.0], ["a"])
    assert found.loc["a", "fault"] == "vi[0] is 0; a sampling variance is above 0"
    assert np.isnan(found.loc["a", "estimate"])
