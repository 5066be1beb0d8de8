"""The configuration: closed, complete, every fault at once with its line, and what digests see."""

# ruff: noqa: E501 - a case is a line of a table

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketameta.configuration import ConfigurationError, load
from ketameta.configuration.blocks import HERE, every_form, schema_text
from ketameta.measures import MEASURES
from ketameta.vocabulary.narrowing import written

MEASURED = ", ".join(MEASURES)

REAL = Path(__file__).parent / "analyses.yaml"
DEFAULTS = yaml.safe_load(REAL.read_text(encoding="utf-8"))["defaults"]

HEAD = """\
windows:
  24 h: {target: 24, from: 12, to: 36}
  7 d:
    target: 168
    from: 120
    to: 216
analyses:
  response_24h:
    title: Response at 24 hours
    question: Do more people respond within a day of a first dose?
    group: Depression
    outcome: response
    measure: RR
    window: 24 h
  madrs_7d: &madrs
    title: MADRS at 7 days
    question: By how many points do scores differ after a week?
    group: Depression
    outcome: depression_score
    measure: MD
    window: 7 d
    scales: [MADRS]
  score_7d:
    <<: *madrs
    title: Depression score at 7 days
    measure: SMD
    scales: [MADRS, HAMD17]
courses:
  over_days:
    title: Scores over days
    question: How soon do scores differ, and for how long?
    outcome: cognition_score
    measure: SMD
    hours: {from: 1, to: 700}
    by: route
    knots: [4, 24, 168]
    shown: [4, 170]
    compared: [25, 171]
    trials: 3
    over_time: 0.6
    lag: 99
    between_scales: 0.8
    sweep: [0.2, 0.9]
defaults:
"""
NETWORKS = """\
networks:
  in_a_day:
    title: Treatments against each other
    question: Which treatments lead more people to respond?
    outcome: dropout
    measure: OR
    window: 7 d
    reference: others
    nodes:
      by vein: drug_route=IV ketamine
      others: treatment=esketamine|saline
"""
CHOICES = """\
choices:
  no correlation:
    for: [RR, SMD]
    change: {correlation: 0.0}
"""
EVERY = "".join(
    f"  {key}: {yaml.safe_dump(value, default_flow_style=True, width=10_000).splitlines()[0]}\n"
    for key, value in DEFAULTS.items()
)
TEXT = HEAD + EVERY + NETWORKS


class Config:
    """A small configuration to spoil: questions, and other choices beside them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts = {"analyses.yaml": TEXT, "multiverse.yaml": CHOICES}
        self.spoilt = "analyses.yaml"

    @property
    def text(self) -> str:
        return self.texts["analyses.yaml"]

    @text.setter
    def text(self, text: str) -> None:
        self.texts["analyses.yaml"] = text

    def replace(self, old: str, new: str, count: int = 1) -> None:
        found = [name for name, text in self.texts.items() if old in text]
        assert found, f"{old!r} is not in the configuration: the case changes nothing"
        self.spoilt = found[0]
        self.texts[found[0]] = self.texts[found[0]].replace(old, new, count)

    def default(self, key: str, value: str) -> None:
        text = re.sub(rf"(?m)^  {key}: .*$", f"  {key}: {value}", self.text)
        assert text != self.text
        self.text = text

    def load(self):
        for name, text in self.texts.items():
            self.path.with_name(name).write_text(text, encoding="utf-8")
        return load(self.path)

    def faults(self) -> list[str]:
        with pytest.raises(ConfigurationError) as error:
            self.load()
        lines = str(error.value).split("\n")
        names = tuple(self.path.with_name(name).as_posix() for name in self.texts)
        assert all(line.startswith(names) for line in lines)
        assert all(line.isprintable() and len(line) < 2_000 for line in lines)
        return [line[next(len(n) for n in names if line.startswith(n)) :] for line in lines]

    def line(self, text: str) -> int:
        own = self.texts[self.spoilt]
        return own[: own.index(text)].count("\n") + 1


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path / "analyses.yaml")


@dataclass(frozen=True)
class Case:
    """One change; the text that stands on the line of the one fault, and what is said."""

    name: str
    old: str
    new: str
    at: str
    says: str


KEYS = [
    Case("misspelt threshold", "worthwhile_smd: 0.2", "worthwile_smd: 0.2", "worthwile_smd", "defaults.certainty: unknown key worthwile_smd; did you mean worthwhile_smd?"),
    Case("missing threshold", "large_smd: 0.5, ", "", "  certainty:", "defaults.certainty: the key large_smd is missing"),
    Case("a threshold out of range", "worthwhile_ratio: 1.25", "worthwhile_ratio: 0.8", "worthwhile_ratio", "defaults.certainty.worthwhile_ratio: 0.8 is outside what is allowed: above 1"),
    Case("a threshold of an analysis that is none", "    window: 24 h", "    certainty: {event: 3}\n    window: 24 h", "certainty: {event", "analyses.response_24h.certainty: unknown key event; did you mean events?"),
    Case("a threshold as a sensitivity choice", "{correlation: 0.0}", "{certainty: {events: 3}}", "certainty: {events: 3}", "choices.no correlation.change: unknown key certainty"),
    Case("unknown key at the top", "windows:", "shade: red\nwindows:", "shade", "top level: unknown key shade; known: windows, defaults, analyses, narrowed, courses, networks, summaries"),
    Case("misspelt key at the top", "windows:", "window:", "window:", "top level: unknown key window; did you mean windows?"),
    Case("misspelt key of a window", "    target:", "    taget:", "taget", "windows.7 d: unknown key taget; did you mean target?"),
    Case("misspelt key of an analysis", "    outcome: response", "    outcomme: response", "outcomme", "analyses.response_24h: unknown key outcomme; did you mean outcome?"),
    Case("key of an analysis in upper case", "    window: 24 h", "    Window: 24 h", "Window", "analyses.response_24h: unknown key Window; did you mean window?"),
    Case("key of an older version", "    window: 24 h", "    subgroup: route\n    window: 24 h", "subgroup", "analyses.response_24h: unknown key subgroup; splits took its place, with a list of words"),
    Case("misspelt key of a course", "    by: route", "    buy: route", "buy", "courses.over_days: unknown key buy; did you mean by?"),
    Case("a window of a course", "    by: route", "    by: route\n    window: 24 h", "window: 24 h\n    knots", "courses.over_days: unknown key window"),
    Case("a course by no column", "by: route", "by: rout", "rout", "courses.over_days.by: unknown word rout; did you mean route?"),
    Case("a course that runs backwards", "from: 1, to: 700", "from: 700, to: 1", "from: 700", "courses.over_days.hours: from must be before to"),
    Case("knots out of order", "[4, 24, 168]", "[24, 4, 168]", "[24", "courses.over_days.knots: hours must increase"),
    Case("an hour outside a course", "[4, 170]", "[4, 900]", "900", "courses.over_days.shown.1: 900 h is outside the hours of the course"),
    Case("three hours to compare", "[25, 171]", "[25, 171, 180]", "[25", "courses.over_days.compared: holds 3; at most 2"),
    Case("one hour to compare", "[25, 171]", "[25]", "[25", "courses.over_days.compared: holds 1; at least 2"),
    Case("two knots", "[4, 24, 168]", "[4, 24]", "[4, 24]", "courses.over_days.knots: holds 2; at least 3"),
    Case("a correlation of 1", "over_time: 0.6", "over_time: 1", "over_time", "courses.over_days.over_time: "),
    Case("a course of treated arms alone", "    outcome: cognition_score\n    measure: SMD", "    outcome: cognition_score\n    measure: PCTRED", "PCTRED", "courses.over_days.measure: PCTRED is of treated arms alone"),
    Case("misspelt scale of a course", "    by: route", "    by: route\n    scales: [MADR]", "MADR]", "courses.over_days.scales.0: unknown word MADR; did you mean MADRS?"),
    Case("misspelt key of a network", "    reference: others", "    referense: others", "referense", "networks.in_a_day: unknown key referense; did you mean reference?"),
    Case("treated arms of a network", "    reference: others", "    reference: others\n    treatments: [ketamine]", "treatments: [ketamine]\n    nodes", "networks.in_a_day: unknown key treatments"),
    Case("a reference that is no node", "reference: others", "reference: other", "reference: other", "networks.in_a_day.reference: unknown word other; did you mean others?"),
    Case("a word that no arm can have", "drug_route=IV ketamine", "drug_route=IV ketamin", "IV ketamin", "networks.in_a_day.nodes.by vein: drug_route has no IV ketamin; did you mean IV ketamine?"),
    Case("a node of trials", "drug_route=IV ketamine", "design=parallel", "design=parallel", "networks.in_a_day.nodes.by vein: design is not of arms; what tells them apart: treatment, route, drug_route"),
    Case("a name of a node with markup", "by vein:", "<by>:", "<by>", "networks.in_a_day.nodes: the name '<by>' is not allowed: letters, digits, spaces"),
    Case("a node alone", "      by vein: drug_route=IV ketamine\n", "", "nodes:", "networks.in_a_day.nodes: holds 1; at least 2"),
    Case("a network narrowed by arms", "    reference: others", "    reference: others\n    narrow: route=IV", "narrow: route", "networks.in_a_day.narrow: route is what the nodes tell"),
    Case("a network of treated arms alone", "measure: OR", "measure: PLO", "PLO", "networks.in_a_day.measure: PLO is of treated arms alone, and a network compares"),
    Case("an interval of one mean", "    reference: others", "    reference: others\n    interval: profile", "interval: profile", "networks.in_a_day.interval: profile is for one mean alone, and a network has several; it takes auto, wald"),
    Case("an unknown estimator of a network", "    reference: others", "    reference: others\n    tau2: RELM", "tau2: RELM", "networks.in_a_day.tau2: unknown word RELM; did you mean REML?"),
    Case("unknown window of a network", "    window: 7 d\n    reference", "    window: 70 d\n    reference", "70 d", "networks.in_a_day.window: unknown word 70 d; did you mean 7 d?"),
    Case("misspelt default", "  tau2:", "  tau:", "  tau:", "defaults: unknown key tau; did you mean tau2?"),
    Case("misspelt key of a sensitivity choice", "    for:", "    fore:", "fore", "choices.no correlation: unknown key fore; did you mean for?"),
    Case("misspelt key of a change", "{correlation: 0.0}", "{corelation: 0.0}", "corelation", "choices.no correlation.change: unknown key corelation; did you mean correlation?"),
    Case("a display key in the defaults", "  tau2:", "  title: All\n  tau2:", "  title: All", "defaults: unknown key title"),
    Case("missing key of an analysis", "    group: Depression\n    outcome: response", "    outcome: response", "response_24h", "analyses.response_24h: the key group is missing"),
    Case("missing default", "  level: 0.95\n", "", "defaults", "defaults: the key level is missing"),
    Case("missing section", HEAD[: HEAD.index("analyses:")], "", "analyses:", "top level: the key windows is missing"),
    Case("missing section of the choices", CHOICES, "choice:" + CHOICES.removeprefix("choices:"), "choice:", "top level: unknown key choice; did you mean choices?"),
    Case("a section that moved", "windows:", "front: {title: All}\nwindows:", "front", "top level: unknown key front; title and lead stand in review.yaml"),
    Case("missing hour of a window", "    to: 216\n", "", "7 d", "windows.7 d: the key to is missing"),
    Case("a key twice", "    window: 24 h", "    window: 24 h\n    window: 7 d", "    window: 7 d", "analyses.response_24h: key window is given twice, first on line 14"),
    Case("an analysis twice", "  score_7d:", "  response_24h:", "  response_24h:\n    <<", "analyses: key response_24h is given twice, first on line 8"),
    Case("a name with capitals", "  response_24h:", "  Response_24h:", "Response", "analyses: the name 'Response_24h' is not allowed: small letters, digits and _ only"),
    Case("a name with a path", "  response_24h:", "  ../response:", "..", "analyses: the name '../response' is not allowed"),
    Case("a name that ends in a line end", "  response_24h:", '  "response_24h\\n":', "response", "holds a control character"),
    Case("a number for a name", "  response_24h:", "  24:", "  24:", "analyses: the key '24' is not text; put it in quotes"),
    Case("true for a name", "  response_24h:", "  true:", "  true", "analyses: the key 'true' is not text; put it in quotes"),
    Case("a list for a name", "  response_24h:", "  [a, b]:", "  [a", "analyses: the key a list or block is not text"),
    Case("a name of a window with markup", "windows:", "windows:\n  <7 d>: {target: 1, from: 1, to: 1}", "<7", "windows: the name '<7 d>' is not allowed: letters, digits, spaces"),
    Case("a name of a choice with markup", "  no correlation:", "  <no>:", "<no", "choices: the name '<no>' is not allowed: 2 to 80 characters"),
]  # fmt: skip
WORDS = [
    Case("unknown outcome", "outcome: response", "outcome: respones", "respones", "analyses.response_24h.outcome: unknown word respones; did you mean response?"),
    Case("unknown measure", "measure: RR", "measure: rr", "measure: rr", "analyses.response_24h.measure: unknown word rr; did you mean RR?"),
    Case("unknown window", "window: 24 h", "window: 24h", "24h\n  madrs", "analyses.response_24h.window: unknown word 24h; did you mean 24 h?"),
    Case("unknown scale", "scales: [MADRS]", "scales: [MADSR]", "MADSR", "analyses.madrs_7d.scales.0: unknown word MADSR; did you mean MADRS?"),
    Case("unknown population", "    outcome: response", "    populations: [TDR]\n    outcome: response", "TDR", "analyses.response_24h.populations.0: unknown word TDR; did you mean TRD?"),
    Case("unknown treatment", "    outcome: response", "    treatments: [ketamin]\n    outcome: response", "ketamin]", "unknown word ketamin; did you mean ketamine?"),
    Case("unknown comparator", "    outcome: response", "    comparators: [inerts]\n    outcome: response", "inerts", "unknown word inerts; did you mean inert?"),
    Case("unknown design flag", "    outcome: response", "    design_flags: [enriche]\n    outcome: response", "enriche", "unknown word enriche; did you mean enriched?"),
    Case("unknown analysis set", "    outcome: response", "    analysis_sets: [ITT]\n    outcome: response", "ITT", "unknown word ITT; did you mean itt?"),
    Case("unknown assumption", "    outcome: response", "    assumptions: [corelation]\n    outcome: response", "corelation", "unknown word corelation; did you mean correlation?"),
    Case("unknown basis", "    outcome: response", "    basis: [changes]\n    outcome: response", "changes", "unknown word changes; did you mean change?"),
    Case("unknown source", "    outcome: response", "    sources: [arm]\n    outcome: response", "[arm]", "unknown word arm; did you mean arms?"),
    Case("unknown word like no other", "measure: RR", "measure: xyz", "xyz", f"unknown word xyz; known: {MEASURED}"),
    Case("unknown split", "    outcome: response", "    splits: [populations]\n    outcome: response", "populations", "unknown word populations; did you mean population?"),
    Case("unknown measure of a choice", "for: [RR, SMD]", "for: [RR, SDM]", "SDM", "choices.no correlation.for.1: unknown word SDM; did you mean SMD?"),
    Case("an analysis of a choice that is not asked", "    for: [RR, SMD]", "    for: [RR, SMD]\n    analyses: [response_25h]", "response_25h", "choices.no correlation.analyses.0: unknown word response_25h; did you mean response_24h?"),
    Case("an analysis of a choice in another measure", "    for: [RR, SMD]", "    for: [RR, SMD]\n    analyses: [madrs_7d]", "madrs_7d", "choices.no correlation.analyses.0: madrs_7d is asked in MD, which is not in for"),
    Case("a choice called as none is", "  no correlation:", "  as asked:", "as asked", "choices.as asked: is what no choice at all is called"),
    Case("an unknown prior of the grid", CHOICES, CHOICES + "grid: {priors: [half-normal(0.7)]}\n", "half-normal(0.7)", "grid.priors.0: unknown word half-normal(0.7); did you mean half-normal(0.5)?"),
    Case("unknown word of a change", "{correlation: 0.0}", "{tau2: RELM}", "RELM", "choices.no correlation.change.tau2: unknown word RELM; did you mean REML?"),
    Case("a list for one word", "measure: RR", "measure: [RR]", "[RR]", f"analyses.response_24h.measure: needs one of {MEASURED}; not a list"),
    Case("one word for a list", "scales: [MADRS]", "scales: MADRS", "scales: MADRS", "analyses.madrs_7d.scales: needs a list or null, not 'MADRS'"),
    Case("a word twice", "scales: [MADRS, HAMD17]", "scales: [MADRS, MADRS]", "[MADRS, MADRS]", "analyses.score_7d.scales: 'MADRS' stands twice"),
    Case("an empty list", "scales: [MADRS, HAMD17]", "scales: []", "scales: []", "analyses.score_7d.scales: is empty"),
    Case("a number in a list of words", "scales: [MADRS, HAMD17]", "scales: [MADRS, 17]", "17]", "analyses.score_7d.scales.1: needs text, not 17"),
    Case("an empty change", "{correlation: 0.0}", "{}", "{}", "choices.no correlation.change: is empty"),
    Case("a short title", "title: Response at 24 hours", "title: R", "title: R", "analyses.response_24h.title: needs 3 to 120 characters; has 1"),
    Case("a long title", "title: Response at 24 hours", "title: " + "R" * 10_000, "title: R", "analyses.response_24h.title: needs 3 to 120 characters; has 10000"),
    Case("a control character in a title", "title: Response at 24 hours", 'title: "red \\e[31m"', "title: ", "analyses.response_24h.title: 'red \\x1b[31m' holds a control character"),
]  # fmt: skip
NUMBERS = [
    Case("window out of order", "from: 120", "from: 200", "7 d", "windows.7 d: from, target and to must stand in this order: 200 168 216"),
    Case("window that ends before it starts", "to: 36", "to: 6", "24 h", "windows.24 h: from, target and to must stand in this order: 12 24 6"),
    Case("hours below 0", "from: 12,", "from: -12,", "-12", "windows.24 h.from: -12 is outside what is allowed: at least 0"),
    Case("hours that are no number", "target: 168", "target: .nan", ".nan", "windows.7 d.target: needs a number, not '.nan'"),
    Case("hours without end", "to: 216", "to: .inf", ".inf", "windows.7 d.to: needs a number, not '.inf'"),
    Case("hours as a clock", "target: 168", "target: 12:30", "12:30", "windows.7 d.target: needs a number, not '12:30'"),
    Case("hours with a decimal comma", "target: 168", "target: 16,8", "16,8", "windows.7 d.target: needs a number, not '16,8'"),
    Case("hours as text", "target: 168", 'target: "168"', '"168"', "windows.7 d.target: needs a number, not '168'"),
    Case("no hours", "target: 168", "target:", "    target:", "windows.7 d.target: needs a number, not null"),
    Case("a number for a window", "window: 24 h", "window: 24", "window: 24\n", "analyses.response_24h.window: needs text or null, not 24"),
    Case("a measure of scores for events", "measure: RR", "measure: SMD", "measure: SMD", "analyses.response_24h.measure: SMD does not fit response, which is an event"),
    Case("a measure of events for scores", "measure: SMD", "measure: OR", "measure: OR", "analyses.score_7d.measure: OR does not fit depression_score, which is a score"),
    Case("points of several scales", "scales: [MADRS]", "scales: [MADRS, HAMD17]", "measure: MD", "analyses.madrs_7d.measure: MD needs one scale"),
    Case("a change to a measure that does not fit", "{correlation: 0.0}", "{measure: OR}", "measure: OR", "choices.no correlation.change.measure: OR does not fit depression_score, which is a score"),
    Case("Harbord of risk ratios", "    measure: RR", "    small_study: Harbord\n    measure: RR", "Harbord", "analyses.response_24h.small_study: Harbord is not for RR, which takes auto, Egger, Peters"),
    Case("Mantel-Haenszel of scores", "    measure: SMD", "    pooling: Mantel-Haenszel\n    measure: SMD", "Mantel-Haenszel", "analyses.score_7d.pooling: Mantel-Haenszel is for RR and OR and RD alone, and the measure is SMD, which takes inverse variance"),
    Case("a GLMM of ratios", "    measure: RR", "    pooling: GLMM\n    measure: RR", "GLMM", "analyses.response_24h.pooling: GLMM is for OR and PLO alone, and the measure is RR, which takes inverse variance, Mantel-Haenszel"),
    Case("Peto of risk ratios, as R calls it", "    measure: RR", "    pooling: rma.peto\n    measure: RR", "rma.peto", "analyses.response_24h.pooling: Peto is for OR alone, and the measure is RR, which takes inverse variance, Mantel-Haenszel"),
    Case("an interval that counts have none of", "    measure: RR", "    pooling: MH\n    interval: HK\n    measure: RR", "HK", "analyses.response_24h.interval: hksj is for inverse variance; pooling by Mantel-Haenszel has a wald interval"),
    Case("an estimator that counts have none of", "    measure: RR", "    pooling: MH\n    tau2: PM\n    measure: RR", "PM", "analyses.response_24h.tau2: PM is for inverse variance; pooling by Mantel-Haenszel has no tau²"),
    Case("counts of arms that share a control", "    measure: RR", "    pooling: MH\n    arms: whole\n    measure: RR", "whole", "analyses.response_24h.arms: whole is for inverse variance; pooling by Mantel-Haenszel, of trials that share no people, takes arms together, first or split"),
    Case("one tau² for groups of counts", "    measure: RR", "    pooling: MH\n    tau2_subgroups: common\n    measure: RR", "common", "analyses.response_24h.tau2_subgroups: common is for inverse variance; pooling by Mantel-Haenszel takes separate"),
    Case("one tau² for groups by profile", "    measure: RR", "    interval: PL\n    tau2_subgroups: common\n    measure: RR", "common", "analyses.response_24h.tau2_subgroups: common is not for the interval profile, which takes separate, or interval wald"),
    Case("a rule for an estimator", "    measure: RR", "    tau2: HK\n    measure: RR", "HK", "analyses.response_24h.tau2: unknown word HK; it is a rule for the interval: interval: hksj"),
    Case("an estimator for a way of pooling", "    measure: RR", "    pooling: FE\n    measure: RR", "FE", "analyses.response_24h.pooling: unknown word FE; it is an estimator of tau²: tau2: EE"),
    Case("an unknown moderator", "    measure: RR", "    moderators: [year, doze_mg]\n    measure: RR", "doze", "analyses.response_24h.moderators: unknown word doze_mg; did you mean dose_mg?"),
    Case("an unknown moderator of several", "    measure: RR", "    moderators: [[year, age]]\n    measure: RR", "age]", "analyses.response_24h.moderators: unknown word age"),
    Case("a moderator twice", "    measure: RR", "    moderators: [people, population]\n    measure: RR", "[people", "analyses.response_24h.moderators: a word, or a list of words, stands twice"),
    Case("several moderators twice", "    measure: RR", "    moderators: [[year, n], [n, year]]\n    measure: RR", "[[year", "analyses.response_24h.moderators: a word, or a list of words, stands twice"),
    Case("no moderators in a list", "    measure: RR", "    moderators: [[]]\n    measure: RR", "[[]]", "analyses.response_24h.moderators: a list is empty"),
    Case("a moderator that is no list", "    measure: RR", "    moderators: year\n    measure: RR", "moderators: year", "analyses.response_24h.moderators: needs a list of words"),
    Case("a number for a moderator", "    measure: RR", "    moderators: [1]\n    measure: RR", "[1]", "analyses.response_24h.moderators: needs words, or lists of words"),
    Case("true for a number", "{correlation: 0.0}", "{correlation: true}", "true", "change.correlation: needs a number, not true"),
]  # fmt: skip
YAML_TRAPS = [
    Case("no for a truth value", "    measure: RR", "    headline: no\n    measure: RR", "headline: no", "analyses.response_24h.headline: needs true or false, not 'no'"),
    Case("octal", "    measure: RR", "    minimum_k: 010\n    measure: RR", "010", "analyses.response_24h.minimum_k: needs a whole number, not '010'"),
    Case("hexadecimal", "    measure: RR", "    minimum_k: 0x10\n    measure: RR", "0x10", "needs a whole number, not '0x10'"),
    Case("an underscore between digits", "    measure: RR", "    minimum_k: 1_0\n    measure: RR", "1_0", "needs a whole number, not '1_0'"),
    Case("a number of thousands of digits", "    measure: RR", f"    minimum_k: {'9' * 5_000}\n    measure: RR", "9" * 5_000, "needs a whole number, not '999"),
    Case("a date", "    group: Depression\n    outcome: response", "    group: 2020-01-01\n    outcome: 2020-01-01", "outcome: 2020", "unknown word 2020-01-01"),
    Case("null for a title", "title: Response at 24 hours", "title: null", "title: null", "analyses.response_24h.title: needs text, not null"),
    Case("a python object", "title: Response at 24 hours", "title: !!python/object/apply:os.system [exit]", "!!python", "analyses.response_24h.title: the tag !!python/object/apply:os.system is not allowed"),
    Case("a tag of its own", "title: Response at 24 hours", "title: !include other.yaml", "!include", "analyses.response_24h.title: the tag !include is not allowed"),
    Case("bytes", "title: Response at 24 hours", "title: !!binary aGVsbG8=", "!!binary", "analyses.response_24h.title: the tag !!binary is not allowed"),
    Case("a number by a tag", "    measure: RR", "    minimum_k: !!int '010'\n    measure: RR", "010", "analyses.response_24h.minimum_k: '010' is no int"),
    Case("a merge of a word", "    <<: *madrs", "    <<: madrs", "<<: madrs", "analyses.score_7d: << merges a block of keys, not a value"),
]  # fmt: skip
CASES = [*KEYS, *WORDS, *NUMBERS, *YAML_TRAPS]


def test_every_case_has_its_own_name() -> None:
    assert [n for n, count in Counter(case.name for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_fault_gives_one_message_with_its_line(config: Config, case: Case) -> None:
    config.replace(case.old, case.new)
    faults = config.faults()
    assert len(faults) == 1, faults
    assert case.says in faults[0]
    assert faults[0].startswith(f":{config.line(case.at)}: ")


BOUNDS = [
    ("level", "95", "95 is outside what is allowed: at least 0.5 and at most 0.999; did you mean 0.95?"),
    ("level", "1", "1 is outside what is allowed: at least 0.5 and at most 0.999"),
    ("level", "0", "0 is outside what is allowed"),
    ("level", ".nan", "needs a number, not '.nan'"),
    ("level", "95%", "needs a number, not '95%'"),
    ("minimum_k", "1", "1 is outside what is allowed: at least 2"),
    ("minimum_k", "2.5", "needs a whole number, not 2.5"),
    ("minimum_k", "-3", "-3 is outside what is allowed"),
    ("correlation", "1", "1 is outside what is allowed: above -1 and below 1"),
    ("correlation", "-1", "-1 is outside what is allowed"),
    ("correlation", ".inf", "needs a number, not '.inf'"),
    ("correlation", "null", "needs a number, not null"),
    ("tau2", "RELM", "unknown word RELM; did you mean REML?"),
    ("interval", "HKJS", "unknown word HKJS; did you mean hksj?"),
    ("prediction", "k", "unknown word k; did you mean k-2?"),
    ("headline", "yes", "needs true or false, not 'yes'"),
    ("populations", "null", "needs a list, not null"),
    ("populations", "[]", "is empty"),
    ("basis", "[[change]]", "needs one of change, endpoint, computed change; not a list"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "says"), BOUNDS)
def test_defaults_are_held_to_their_limits(config: Config, key: str, value: str, says: str) -> None:
    config.default(key, value)
    (fault,) = config.faults()
    assert fault.startswith(f":{config.line(f'  {key}: ')}: defaults.{key}")
    assert says in fault


def test_all_faults_are_told_at_once_in_the_order_of_lines(config: Config) -> None:
    config.replace("from: 120", "from: 200")
    config.replace("for: [RR, SMD]", "for: [RR, SDM]")
    config.replace("    outcome: response", "    outcomme: response")
    config.replace("measure: MD", "measure: DM")
    config.replace("scales: [MADRS, HAMD17]", "scales: [MADRS, HAMD71]")
    config.replace("title: Depression score at 7 days", "title: !secret x\n    title: Y")
    config.default("level", "95")
    faults = config.faults()
    assert len(faults) == 8, faults
    # those of the choices come after those of the questions
    assert "choices.no correlation.for.1" in faults[-1]
    lines = [int(fault.split(":")[1]) for fault in faults[:-1]]
    assert lines == sorted(lines)


def test_what_an_alias_repeats_is_told_once(config: Config) -> None:
    config.replace(
        "group: Depression\n    outcome: depression", "group: D\n    outcome: depression"
    )
    (fault,) = config.faults()  # the group of madrs_7d is merged into score_7d
    assert "analyses.madrs_7d.group: needs 2 to 60 characters; has 1" in fault


WHOLE = {
    "a list at the top": ("- a\n- b\n", ":1: top level: must hold windows, defaults and analyses"),
    "one word": ("hello\n", ":1: top level: must hold windows"),
    "nothing": ("", ": is empty"),
    "a remark alone": ("# nothing\n", ": is empty"),
    "an explicit null": ("~\n", ":1: top level: must hold windows"),
    "an unclosed bracket": ("windows: [a, b\n", ":2: not readable as YAML: did not find expected ',' or ']'"),
    "an unclosed quote": ('windows: "a\n', ":2: not readable as YAML: found unexpected end of stream"),
    "a tab for indentation": ("windows:\n\t24 h: {}\n", ":2: not readable as YAML: found character that cannot start any token; indent with spaces, not tabs"),
    "two documents": ("a: 1\n---\nb: 2\n", ":2: not readable as YAML: but found another document"),
    "an alias to nowhere": ("a: *b\n", ":1: not readable as YAML: found undefined alias"),
    "an alias to itself": ("windows: &a [*a]\n", ":1: windows.0: an alias refers to what it stands in"),
    "a block merged into itself": ("windows: &a\n  b: 1\n  <<: *a\n", ":1: windows: an alias refers to what it stands in"),
    "a thousand brackets": ("[" * 1_000, ":1: is nested more than 30 levels deep"),
    "100,000 braces": ("{a: " * 100_000, ":1: is nested more than 30 levels deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_no_configuration_is_said_to_be_none(config: Config, name: str) -> None:
    config.text, says = WHOLE[name]
    assert any(fault.startswith(says) for fault in config.faults()), config.faults()


def test_aliases_that_multiply_are_stopped(config: Config) -> None:
    # nine lines that stand for a thousand million words
    lines = ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for one, two in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{two}: &{two} [{', '.join([f'*{one}'] * 10)}]")
    config.text = "\n".join(lines)
    (fault,) = config.faults()
    assert fault.endswith("its aliases make more than 50,000 values")


BYTES = {
    "UTF-16": (TEXT.encode("utf-16"), "byte 0xff is not UTF-8; save it as UTF-8"),
    "Latin-1": (TEXT.replace("Depression", "D\u00e9pression").encode("latin-1"), ":11: byte 0xe9 is not UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", ":1: byte 0x89 is not UTF-8"),
    "NUL": (b"windows: \0\n", "not readable as YAML"),
    "more than a megabyte": (b"#" * 1_000_001, "holds more than 1,000,000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_text_are_said_to_be_none(tmp_path: Path, name: str) -> None:
    content, says = BYTES[name]
    (tmp_path / "analyses.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        load(tmp_path / "analyses.yaml")


def test_a_file_that_is_not_there_or_is_a_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file or directory"):
        load(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_whatever_stands_in_the_file_is_read_or_a_fault(tmp_path: Path, data) -> None:
    content = bytearray(TEXT.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        marks = st.text(st.sampled_from("[]{}:,-&*!|>?%@`'\"#<~ \n\tax10."), max_size=8)
        content[start:end] = data.draw(st.binary(max_size=5) | marks.map(str.encode))
    path = tmp_path / "fuzz.yaml"
    path.write_bytes(bytes(content))
    try:
        load(path)
    except ConfigurationError as error:
        assert str(error).startswith(path.as_posix())  # noqa: PT017 - either is right


def test_a_file_name_that_a_terminal_would_act_on_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.yaml"
    path.write_text("- a")
    with pytest.raises(ConfigurationError) as error:
        load(path)
    assert "/a\\x1b[31m.yaml:1: top level: must hold" in str(error.value)


def test_an_analysis_of_treated_arms_says_so(config: Config) -> None:
    config.replace("measure: RR", "measure: PLO")
    config.replace("for: [RR, SMD]", "for: [SMD]")
    assert [analysis.select.by_arm for analysis in config.load()] == [True, False, False]


def test_the_questions_of_the_tests_are_in_order() -> None:
    assert load(REAL).names


def test_defaults_fill_what_an_analysis_leaves_out(config: Config) -> None:
    configuration = config.load()
    analysis = configuration["response_24h"]
    assert configuration.names == ["response_24h", "madrs_7d", "score_7d"]
    assert analysis.select.populations == tuple(DEFAULTS["populations"])
    assert analysis.select.window.start == 12
    assert analysis.model.tau2 == DEFAULTS["tau2"]
    assert 36 in analysis.select.window
    assert 36.1 not in analysis.select.window
    assert None not in analysis.select.window
    assert configuration["score_7d"].select.window.name == "7 d"  # by way of <<
    assert configuration["score_7d"].select.scales == ("MADRS", "HAMD17")
    with pytest.raises(KeyError):
        configuration["response_7d"]


def test_the_forest_plot_has_the_trials_alone_unless_more_is_asked_for(config: Config) -> None:
    assert {a.display.forest for a in config.load()} == {"trials"}
    config.replace("    measure: RR", "    forest: shrunken\n    measure: RR")
    loaded = config.load()
    assert loaded["response_24h"].display.forest == "shrunken"
    assert loaded["madrs_7d"].display.forest == "trials"
    config.replace("  headline: ", "  forest: shrunken\n  headline: ")
    assert {a.display.forest for a in config.load()} == {"shrunken"}
    config.replace("forest: shrunken\n    measure", "forest: shrunk\n    measure")
    with pytest.raises(
        ConfigurationError, match="forest: unknown word shrunk; did you mean shrunken"
    ):
        config.load()


def test_words_of_other_programs_are_understood_and_told(config: Config) -> None:
    assert config.load().read_as == ()
    own = "    tau2: fe\n    interval: z\n    pooling: MH\n"
    config.replace("    measure: RR", own + "    measure: RR")
    config.replace("{correlation: 0.0}", "{tau2: Paule-Mandel}")
    found = config.load()
    model = found["response_24h"].model
    assert (model.tau2, model.interval, model.pooling) == ("EE", "wald", "Mantel-Haenszel")
    told = [line.partition(": ") for line in found.read_as]
    at = "analyses.response_24h"
    assert [said for *_, said in told] == [
        f"{at}.tau2: fe is read as EE",
        f"{at}.interval: z is read as wald",
        f"{at}.pooling: MH is read as Mantel-Haenszel",
        "choices.no correlation.change.tau2: Paule-Mandel is read as PM",
    ]
    line = config.text[: config.text.index("tau2: fe")].count("\n") + 1
    assert told[0][0] == f"{config.path.as_posix()}:{line}"
    assert told[3][0].startswith(config.path.with_name("multiverse.yaml").as_posix())


def test_moderators_are_asked_alone_and_several_at_once(config: Config) -> None:
    assert config.load()["response_24h"].model.moderators == ()
    config.replace(
        "    measure: RR", "    moderators: [dose, people, [year, control]]\n    measure: RR"
    )
    assert config.load()["response_24h"].model.moderators == (
        ("dose_mg",),
        ("population",),
        ("year", "comparator_class"),
    )


def test_what_is_asked_by_dose_is_asked_with_every_arm_apart_too(config: Config) -> None:
    assert "each treated arm apart" not in [v.name for v in config.load()["response_24h"].variants]
    config.replace("    measure: RR", "    moderators: [dose_mg]\n    measure: RR")
    analysis = config.load()["response_24h"]
    (apart,) = [v for v in analysis.variants if v.name == "each treated arm apart"]
    assert (apart.select.arms, analysis.select.arms) == ("whole", "together")
    assert apart.model == analysis.model


def test_words_that_yaml_would_take_for_something_else_stay_words(config: Config) -> None:
    config.replace(
        "    outcome: response", "    definitions: [no, on, 010, 12:30]\n    outcome: response"
    )
    assert config.load()["response_24h"].select.definitions == ("no", "on", "010", "12:30")


def test_a_byte_order_mark_and_windows_line_ends_are_read(config: Config) -> None:
    plain = config.load()
    config.path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert load(config.path) == plain


def test_the_schema_describes_every_key() -> None:
    def properties(node):
        if isinstance(node, dict):
            yield from node.get("properties", {}).items()
            for value in node.values():
                yield from properties(value)

    for name, key in (pair for form in every_form().values() for pair in properties(form.schema)):
        if (isinstance(key, dict) and "properties" not in key and "type" in key) or "enum" in key:
            assert key.get("description"), name


@pytest.mark.parametrize("name", every_form())
def test_the_schema_that_people_read_is_that_of_the_models(name: str) -> None:
    kept, made = (HERE / f"{name}.schema.yaml").read_text(encoding="utf-8"), schema_text(name)
    lines = unified_diff(kept.split("\n"), made.split("\n"), name, "models", "", "", 1, "")
    assert kept == made, "\n".join([*lines, "run: .venv/bin/python -m ketameta.configuration"])


PARTS = {
    "select": ("select",),
    "model": ("select", "model"),
    "display": ("select", "model", "display"),
}
SAME = {
    "a remark": lambda c: c.replace("windows:", "# remark\nwindows:"),
    "the order of keys": lambda c: c.replace("    outcome: response\n    measure: RR\n", "    measure: RR\n    outcome: response\n"),
    "the order of sections": lambda c: setattr(c, "text", c.text[c.text.index("defaults:") :] + HEAD.replace("defaults:\n", "")),
    "a default said again": lambda c: c.replace("    measure: RR", f"    measure: RR\n    level: {DEFAULTS['level']}"),
    "another way to write a number": lambda c: [c.replace("target: 24", "target: 24.0"), c.replace("correlation: 0.0", "correlation: 0")],
    "quotes": lambda c: c.replace("measure: RR", 'measure: "RR"'),
    "the name of a window": lambda c: [c.replace("  24 h:", "  one day:"), c.replace("window: 24 h", "window: one day")],
    "a window that nobody uses": lambda c: c.replace("windows:", "windows:\n  1 h: {target: 1, from: 0, to: 2}"),
    "an alias written out": lambda c: c.replace("    <<: *madrs\n", "    question: By how many points do scores differ after a week?\n    group: Depression\n    outcome: depression_score\n    window: 7 d\n"),
}  # fmt: skip
CHANGED = {
    "title": (lambda c: c.replace("title: Response at 24 hours", "title: Response, day 1"), {"display"}),
    "question": (lambda c: c.replace("Do more people respond", "Do many people respond"), {"display"}),
    "headline": (lambda c: c.replace("    measure: RR", "    measure: RR\n    headline: true"), {"display"}),
    "forest": (lambda c: c.replace("    measure: RR", "    measure: RR\n    forest: shrunken"), {"display"}),
    "tau2": (lambda c: c.default("tau2", "PM"), {"model", "display"}),
    "level": (lambda c: c.default("level", "0.9"), {"model", "display"}),
    "window": (lambda c: c.replace("to: 36", "to: 48"), {"select", "model", "display"}),
    "outcome": (lambda c: c.replace("outcome: response", "outcome: remission"), {"select", "model", "display"}),
    "the order of scales": (lambda c: c.replace("[MADRS, HAMD17]", "[HAMD17, MADRS]"), {"select", "model", "display"}),
    "a sensitivity choice": (lambda c: c.replace("correlation: 0.0", "correlation: 0.25"), {"select", "model", "display"}),
    "the name of an analysis": (lambda c: c.replace("response_24h", "response_day"), {"select", "model", "display"}),
    "the title of a course": (lambda c: c.replace("title: Scores over days", "title: Scores in time"), {"display"}),
    "the knots of a course": (lambda c: c.replace("[4, 24, 168]", "[4, 24, 167]"), {"model", "display"}),
    "the hours of a course": (lambda c: c.replace("to: 700", "to: 701"), {"select", "model", "display"}),
    "the title of a network": (lambda c: c.replace("Treatments against", "Treatments held against"), {"display"}),
    "the reference of a network": (lambda c: c.replace("reference: others", "reference: by vein"), {"model", "display"}),
    "the nodes of a network": (lambda c: c.replace("esketamine|saline", "esketamine|midazolam"), {"select", "model", "display"}),
    "an analysis less": (lambda c: c.replace(HEAD[HEAD.index("  score_7d") : HEAD.index("defaults")], ""), {"select", "model", "display"}),
}  # fmt: skip


def digests(config: Config) -> dict[str, str]:
    loaded = config.load()
    return {name: loaded.digest(*parts) for name, parts in PARTS.items()}


@pytest.mark.parametrize("name", SAME)
def test_a_digest_does_not_see_what_changes_no_number(config: Config, name: str) -> None:
    before = digests(config)
    SAME[name](config)
    assert config.text != TEXT
    assert digests(config) == before


@pytest.mark.parametrize("name", CHANGED)
def test_a_digest_sees_what_changes_its_part_and_no_other(config: Config, name: str) -> None:
    before = digests(config)
    change, parts = CHANGED[name]
    change(config)
    after = digests(config)
    assert {part for part in PARTS if after[part] != before[part]} == parts


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ("", "design=parallel"),
        ("n_doses=>1", "n_doses=>1&design=parallel"),
        ("design=crossover", "design="),
    ],
)
def test_a_choice_that_narrows_lets_in_less_of_what_the_analysis_does(
    config: Config, own: str, left: str
) -> None:
    config.replace("{correlation: 0.0}", "{narrow: design=parallel}")
    if own:
        config.replace("    window: 24 h\n", f"    window: 24 h\n    narrow: {own}\n")
    (variant,) = config.load()["response_24h"].variants
    assert written(variant.select.narrow) == left


def test_an_analysis_gives_only_the_thresholds_that_differ(config: Config) -> None:
    before = config.load()
    config.replace("    window: 24 h", "    certainty: {events: 400}\n    window: 24 h")
    after = config.load()
    same = {**vars(before["response_24h"].certainty), "events": 400.0}
    assert vars(after["response_24h"].certainty) == same
    assert after["madrs_7d"].certainty == before["madrs_7d"].certainty
    # only what reads them runs again
    assert after.digest("certainty") != before.digest("certainty")
    parts = ("select", "model", "display")
    assert after.digest(*parts) == before.digest(*parts)
