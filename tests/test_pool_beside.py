"""`ketameta pool` with groups and moderators: numbers of metafor, and what cannot be asked."""

import csv
import io
import json

import pytest

from ketameta.tables.revman import DATA_ROWS

# dat.bcg of metafor 3.8-1 (Colditz 1994)
BCG = (
    ("Aronson", 1948, 4, 119, 11, 128, "random"),
    ("Ferguson", 1949, 6, 300, 29, 274, "random"),
    ("Rosenthal 1960", 1960, 3, 228, 11, 209, "random"),
    ("Hart", 1977, 62, 13536, 248, 12619, "random"),
    ("Frimodt-Moller", 1973, 33, 5036, 47, 5761, "alternate"),
    ("Stein", 1953, 180, 1361, 372, 1079, "alternate"),
    ("Vandiviere", 1973, 8, 2537, 10, 619, "random"),
    ("Madras", 1980, 505, 87886, 499, 87892, "random"),
    ("Coetzee", 1968, 29, 7470, 45, 7232, "random"),
    ("Rosenthal 1961", 1961, 17, 1699, 65, 1600, "systematic"),
    ("Comstock 1974", 1974, 186, 50448, 141, 27197, "systematic"),
    ("Comstock 1969", 1969, 5, 2493, 3, 2338, "systematic"),
    ("Comstock 1976", 1976, 27, 16886, 29, 17825, "systematic"),
)
HEADER = "study,year,ai,bi,ci,di,allocation"


def table(rows=BCG, header=HEADER):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def groups_of(found):
    return {one["name"]: one for one in found["subgroups"]["groups"]}


# rma(yi, vi, mods = ~ 0 + alloc, test = "knha"), and without knha QM of mods = ~ alloc
COMMON = {
    "alternate": (-0.5179558105, -1.458112320, 0.4222006990, 0.3615028559),
    "random": (-0.9657740342, -1.535253802, -0.3962942668, 0.3615028559),
    "systematic": (-0.4289176629, -1.163973750, 0.3061384242, 0.3615028559),
}
# rma(test = "knha") of each group; QE of rma(method = "EE") of the groups by their Wald errors
SEPARATE = {
    "alternate": (-0.5407929618, -4.118880712, 3.0372947883, 0.1325770399),
    "random": (-0.9709644758, -1.590345314, -0.3515836376, 0.3925265491),
    "systematic": (-0.4242073430, -1.583313097, 0.7348984109, 0.4003462968),
}


@pytest.mark.parametrize(
    ("words", "groups", "between", "tau2"),
    [
        ((), COMMON, (1.7675130418, 0.4132276939), "common"),
        (("--tau2-subgroups=Common",), COMMON, (1.7675130418, 0.4132276939), "common"),
        (("--tau2-subgroups=separate",), SEPARATE, (1.8614461412, 0.3942685233), "separate"),
    ],
)
def test_groups_are_those_of_metafor(answer, words, groups, between, tau2):
    asked = "--measure=RR", "--interval=knha", "--subgroups=Allocation", *words
    found = answer(table(), *asked)
    for name, (estimate, low, high, spread) in groups.items():
        own = groups_of(found)[name]
        ends = own["estimate"], own["ci_low"], own["ci_high"], own["tau2"]
        # the search of metafor for tau² ends at a step of 1e-5
        assert ends == pytest.approx((estimate, low, high, spread), abs=2e-5)
    told = found["subgroups"]["between"]
    assert (told["q"], told["p"]) == pytest.approx(between, abs=2e-5)
    assert (told["df"], found["subgroups"]["tau2"]) == (2, tau2)


def test_groups_of_counts_are_pooled_by_their_way(answer):
    found = answer(table(), "--measure=RR", "--pooling=MH", "--subgroups=allocation")
    # rma.mh of each group, and QE of rma(method = "EE") of these
    theirs = {
        "alternate": (-0.7104896287, 0.07770912390),
        "random": (-0.3505058405, 0.05242100406),
        "systematic": (-0.4447762396, 0.09353748493),
    }
    for name, own in groups_of(found).items():
        assert (own["estimate"], own["se"]) == pytest.approx(theirs[name], rel=1e-8)
    assert found["subgroups"]["between"]["q"] == pytest.approx(14.77980863, rel=1e-8)
    assert found["subgroups"]["tau2"] == "separate"


def test_a_study_alone_is_its_own_effect_and_one_without_a_group_is_named(pooled, answer):
    rows = [(*row[:-1], "alone" if row[0] == "Hart" else row[-1]) for row in BCG]
    rows[1] = (*rows[1][:-1], "")
    found = answer(table(rows), "--measure=RR", "--subgroups=allocation")
    own = groups_of(found)["alone"]
    hart = found["studies"][3]
    assert (own["k"], own["tau2"]) == (1, None)
    assert (own["estimate"], own["se"] ** 2) == pytest.approx((hart["yi"], hart["vi"]))
    assert found["subgroups"]["without"] == ["Ferguson"]
    assert (found["fit"]["k"], sum(one["k"] for one in groups_of(found).values())) == (13, 12)
    _, out, _ = pooled(table(rows), "--measure=RR", "--subgroups=allocation")
    assert "\nalone         1    0.2366  0.1793 to 0.3121" in out
    assert "df = 3, p = " in out
    assert "(one tau² for all groups)" in out
    assert "1 study without allocation, pooled above and in no group: Ferguson" in out


def test_studies_that_are_a_group_each_share_no_tau2(answer):
    found = answer(table(), "--measure=RR", "--subgroups=study")
    assert found["subgroups"]["tau2"] == "separate"
    assert found["subgroups"]["between"]["q"] == pytest.approx(found["fit"]["q"])


def test_groups_of_a_cochrane_review_are_its_subgroups(pooled, tmp_path):
    file = io.StringIO()
    writer = csv.DictWriter(file, DATA_ROWS.names, lineterminator="\n")
    writer.writeheader()
    for i, (mean, group) in enumerate(((0.1, "A"), (0.2, "A"), (0.9, "B"), (1.0, "B"))):
        low, high = mean - 0.196, mean + 0.196
        writer.writerow(
            {"Analysis group": 1, "Analysis number": 1, "Analysis name": "Pain", "Study": f"S{i}",
             "Subgroup": group, "Subgroup number": 1 + (group == "B"), "Study year": 2000 + i,
             "GIV Mean": mean, "GIV SE": 0.1, "Mean": mean, "CI start": low, "CI end": high,
             "Applicability": "SUBGROUP_AND_OVERALL"}
        )  # fmt: skip
    asked = "--json", "--subgroups", "subgroup", "--moderator", "Study year"
    status, out, err = pooled(file.getvalue(), *asked, name="data-rows.csv")
    assert status == 0, err
    found = json.loads(out)
    assert {name: one["estimate"] for name, one in groups_of(found).items()} == {
        "A": pytest.approx(0.15), "B": pytest.approx(0.95)
    }  # fmt: skip
    assert found["regression"]["formula"] == "effect ~ Study year"


# rma(yi, vi, mods = ~ year + alloc, test = "knha") of the same studies
TERMS = {
    "year": (0.0288, 0.0167, 0.1185),
    "allocation: alternate": (0.5861, 0.4556, 0.2304),
}


def test_a_regression_is_that_of_metafor(answer):
    asked = "--interval=knha", "--moderator=year", "--moderator=allocation"
    own = answer(table(), "--measure=RR", *asked)["regression"]
    assert own["formula"] == "effect ~ year + allocation (reference: random)"
    terms = {one["term"]: one for one in own["terms"]}
    assert [*terms] == ["intercept", *TERMS, "allocation: systematic"]
    for name, theirs in TERMS.items():
        one = terms[name]
        assert (one["estimate"], one["se"], one["p"]) == pytest.approx(theirs, abs=1e-4)
    # of metafor's own print; R² of the same studies without moderators
    whole = own["tau2"], own["r2"], own["qm"], own["qm_p"]
    assert whole == pytest.approx((0.2762, 11.81, 1.6810, 0.2398), abs=5e-3)
    assert (own["k"], own["without"], own["arrangements"]) == (13, [], 1000)


def test_a_study_without_a_value_is_left_out_by_name_and_few_are_told(pooled):
    rows = [(name, "" if name == "Stein" else year, *rest) for name, year, *rest in BCG]
    _, out, _ = pooled(table(rows), "--measure=RR", "--moderator=year", "--moderator=allocation")
    assert "left out here, without a value: 1 study: Stein (year)" in out
    assert "4 studies for each coefficient: of fewer than 10 none is to be relied on" in out
    assert "of the same 12 studies; R² " in out
    assert "as a ratio" in out


def test_codes_are_names_where_that_is_said(answer):
    rows = [(*row[:-1], {"random": 1, "alternate": 2, "systematic": 3}[row[-1]]) for row in BCG]

    def names(asked):
        own = answer(table(rows), "--measure=RR", f"--moderator={asked}")["regression"]
        return [one["term"] for one in own["terms"]]

    assert names("allocation") == ["intercept", "allocation"]
    assert names("factor(allocation)") == ["intercept", "allocation: 2", "allocation: 3"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--subgroups=alocation",), "--subgroups alocation: there is no such column; did you mean "
         "'allocation'?"),
        (("--subgroup=allocation",), "--analysis and --subgroup are for RevMan's data rows alone, "
         "and for tables with a column of that name; to pool each group of allocation apart: "
         "--subgroups allocation"),
        (("--tau2-subgroups=common",), "--tau2-subgroups says how --subgroups COLUMN are pooled"),
        (("--subgroups=allocation", "--tau2-subgroups=seperate"), "--tau2-subgroups seperate is "
         "not known; did you mean separate?"),
        (("--subgroups=allocation", "--tau2-subgroups=common", "--pooling=MH"), "--tau2-subgroups:"
         " common is for inverse variance; pooling by Mantel-Haenszel takes separate"),
        (("--subgroups=allocation", "--tau2-subgroups=common", "--interval=PL"), "--tau2-subgroups:"
         " common is not for the interval profile, which takes separate, or interval wald, hksj, "),
        (("--subgroups=allocation", "--only=allocation=random"), "--subgroups allocation: of the "
         "studies with an effect it holds 'random' alone; groups need two values"),
        (("--moderator=year", "--pooling=MH"), "--moderator is for --pooling inverse variance"),
        (("--moderator=year", "--interval=HC"), "--moderator takes --interval wald, hksj, "),
        (("--moderator=study",), "--moderator study: 13 trials for 13 coefficients: 15 are needed"),
        (("--moderator=dose",), "--moderator dose: there is no such column; "),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_what_can(pooled, words, says):
    status, out, err = pooled(table(), "--measure=RR", *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"ketameta pool: {says}")
