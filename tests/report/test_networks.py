"""The page of treatments against each other: what it concludes, and what it does not."""

from dataclasses import replace

import pytest

from ketameta.report import wording_networks as words
from ketameta.report.networks import network_views
from ketameta.report_files import report_files
from ketameta.tables.collection import Tables
from ketameta.tables.networks import NetworkDifferenceRow, NetworkNodeRow, NetworkRow

from ..rows import row
from .made import report


@pytest.fixture
def network(configuration):
    return configuration.networks[0]


def node(place, name, low=1, high=3, score=0.5, part=1, trials=2):
    return row(
        NetworkNodeRow, network="response", node=name, place=place, part=part, trials=trials,
        people=40.0, p_score=score, mean_rank=2.0, rank_low=low, rank_high=high,
        best=0.3,
    )  # fmt: skip


def differ(first, second, estimate, low, high, trials=1):
    return row(
        NetworkDifferenceRow, network="response", first=first, second=second, estimate=estimate,
        ci_low=low, ci_high=high, trials=trials,
    )  # fmt: skip


def fit(**cells):
    known = {
        "network": "response",
        "reference": "none",
        "k": 4,
        "people": 200.0,
        "q_df": 8,
        "nodes": 3,
    }
    return row(NetworkRow, **known | cells)


def said(network, differences, **cells):
    seen = [
        words.from_side("OR", one, one.second if one.first == "none" else one.first)
        for one in differences
    ]
    against = [one for one in seen if one.second == "none"]
    return words.answer(network, fit(**cells), against, [one for one in seen if one not in against])


def test_what_excludes_no_difference_is_named_and_what_does_not_is_not_called_equal(network):
    text = said(
        network,
        [
            differ("drug", "none", 3.0, 2.0, 4.5),
            differ("none", "other", 0.8, 0.5, 1.28),
            differ("drug", "other", 2.4, 1.5, 3.8),
        ],
    )
    assert text.startswith(
        "Held against none, over 4 trials with 200 people, drug (odds ratio 3.00 [2.00, 4.50])"
    )
    assert "comes out better" in text
    assert "For other the interval includes no difference." in text
    assert text.endswith("Drug is better than other (2.40 [1.50, 3.80]).")
    indirect = said(network, [differ("drug", "none", 3.0, 2.0, 4.5, trials=0)])
    assert "drug (odds ratio 3.00 [2.00, 4.50], with no trial of both)" in indirect
    nothing = said(network, [differ("drug", "none", 1.1, 0.7, 1.7)])
    assert "nothing is clearly better or worse" in nothing


def test_better_follows_the_outcome(network, configuration):
    harm = replace(network, select=replace(network.select, outcome="nausea"))
    assert "comes out better" in said(network, [differ("drug", "none", 3.0, 2.0, 4.5)])
    assert "comes out worse" in said(harm, [differ("drug", "none", 3.0, 2.0, 4.5)])
    scores = configuration.networks[1]
    assert words.side_of(scores, -0.5, -0.1) == "better"
    assert words.side_of(scores, 0.1, 0.5) == "worse"
    assert words.side_of(scores, -0.5, 0.1) == words.side_of(scores, None, None) == ""


def test_a_difference_is_turned_with_its_ends():
    one = words.from_side("OR", differ("a", "b", 4.0, 2.0, 8.0), "b")
    assert (one.first, one.second, one.estimate, one.low, one.high) == ("b", "a", 0.25, 0.125, 0.5)
    one = words.from_side("SMD", differ("a", "b", -0.4, -0.6, -0.2), "b")
    assert (one.estimate, one.low, one.high) == (0.4, 0.2, 0.6)


def test_a_rank_is_never_told_alone(network):
    nodes = [
        node(1, "drug", 1, 3, 0.9),
        node(2, "other", 1, 4, 0.6),
        node(3, "third", 3, 4),
        node(4, "none", 4, 4, 0.1),
    ]
    text = words.ranks(network, nodes)
    assert "drug comes first (0.90), with a rank of 1 to 3 among 4 (95% interval)" in text
    assert "2 of the 4 ranks span more than half of all places" in text
    assert words.ranks(network, [replace(one, p_score=None) for one in nodes]) == ""
    assert words.span(nodes[3]) == "4"
    shares = {0.0: "0%", 0.004: "<1%", 0.56: "56%", 0.999: ">99%", 1.0: "100%"}
    assert {share: words.share(share) for share in shares} == shares


def test_what_makes_a_network_weak_is_told():
    differences = [
        differ("a", "b", 1, 1, 1, 1),
        differ("a", "c", 1, 1, 1, 3),
        differ("b", "c", 1, 1, 1, 0),
    ]
    one, follows, few = words.cautions(fit(q_df=3), differences)
    assert one.startswith("1 of 2 direct comparisons rests on a single trial")
    assert follows.startswith("1 of 3 differences has no trial of both")
    assert "3 degrees of freedom" in few
    assert "cannot be estimated" in words.cautions(fit(q_df=0), differences)[-1]
    assert words.cautions(fit(failure="no trial"), differences) == []


def test_agreement_is_said_to_be_tested_only_where_it_can_be():
    assert "cannot be tested" in words.agreement(fit(interaction_df=0))
    shown = fit(interaction_df=2, interaction=1.0, interaction_p=0.6)
    assert "No disagreement is shown" in words.agreement(shown)
    assert "easily missed" in words.agreement(shown)
    assert "disagree more than chance" in words.agreement(replace(shown, interaction_p=0.01))


def test_parts_that_nothing_joins_are_named(network):
    nodes = [node(1, "a"), node(2, "b", part=2), node(3, "c", part=2), node(4, "d", part=0)]
    apart, none = words.parts(network, nodes)
    assert apart.startswith("B and c are compared with each other alone")
    assert none == "No trial with usable numbers has d."


def changed(tables, kind, rows):
    return Tables({each: tables[each] for each in tables.kinds()} | {kind: rows})


def test_direct_against_indirect_is_told_of_what_has_both(tables, configuration, network):
    known = tables[NetworkDifferenceRow]
    one = next(one for one in known if one.network == network.name and one.trials)
    both = replace(
        one, indirect=2.0, indirect_low=1.0, indirect_high=4.0,
        split=1.5, split_low=0.5, split_high=4.5, split_p=0.47,
    )  # fmt: skip
    rows = [both if row is one else row for row in known]
    view, *_ = network_views(changed(tables, NetworkDifferenceRow, rows), configuration)
    (line,) = view.splits
    assert line[0] == f"{one.first} against {one.second}"
    assert line[3:] == ("2.00 [1.00, 4.00]", "1.50 [0.50, 4.50]", "p = 0.47")
    plain, *_ = network_views(tables, configuration)
    assert plain.splits == []


def test_without_a_trial_of_the_reference_nothing_is_pooled(tables, configuration, network):
    rows = [fit(network="response", failure="no trial with usable numbers has none")]
    view, *_ = network_views(changed(tables, NetworkRow, rows), configuration)
    assert view.answer == "No trial with usable numbers has none."
    assert view.forest is None
    assert not view.league
    assert view.trials


def test_differences_between_others_are_counted_and_named(network):
    clear, not_clear = (
        differ("drug", f"other {n}", 2.0, low, 3.0) for n, low in ((1, 1.5), (2, 0.9))
    )
    assert "is not clear of none" in said(network, [not_clear])
    text = said(network, [clear, not_clear])
    assert (
        "Of the 2 differences between the others 1 is clear of none: drug is better than other 1"
        in text
    )
    assert "none is clear" in said(network, [not_clear, not_clear])
    assert f"; and {8 - words.NAMED} more." in said(network, [clear] * 8)


def test_the_page_is_linked_and_its_trials_to_where_their_rows_are_told(tables, configuration):
    files = report(tables, configuration)
    page = files["networks.html"]
    for network in configuration.networks:
        assert f'id="{network.name}"' in page
        assert network.display.title in page
    assert 'href="networks.html"' in files["index.html"]
    analysis = next(text for path, text in files.items() if path.startswith("analyses/"))
    assert 'href="../networks.html"' in analysis
    links = {part.split('"')[0] for part in page.split('href="analyses/')[1:]}
    assert links
    for link in links:
        address, _, anchor = link.partition("#")
        assert f'id="{anchor}"' in files[f"analyses/{address}"]


def test_without_a_network_there_is_no_page():
    assert "networks.html" in report_files(["reading"], networks=["one"])
    assert "networks.html" not in report_files(["reading"], courses=["one"])


def test_every_difference_stands_in_the_table_of_all_by_both_ways(tables, configuration):
    for view, network in zip(
        network_views(tables, configuration), configuration.networks, strict=True
    ):
        own = {
            (one.first, one.second): one
            for one in tables[NetworkDifferenceRow]
            if one.network == network.name
        }
        measure, at = network.select.measure, view.labels.index
        assert len(view.league) == len(view.labels) > 1
        for (first, second), one in own.items():
            seen = words.from_side(measure, one, second)
            assert view.league[at(second)][at(first)].text == words.told(measure, seen)
            direct = view.league[at(first)][at(second)].text
            assert (direct == "–") == (one.trials == 0)
        assert {line[0] for line in view.ranking} == {*view.labels}
