"""The sentence of a claim: its verdict first, then what is told of it, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ketameta.evidence import directions
from ketameta.evidence.claim_rules import (
    CANNOT,
    MIXED,
    NO_WORSE,
    SUPPORTED,
    TOO_FEW,
    Pointing,
    Verdict,
    thresholds,
)
from ketameta.evidence.claims import UNTOLD, ClaimPart, Control
from ketameta.evidence.rated import RatedGroup
from ketameta.report.claim_curves import NOT_RATED, name_of, text_of
from ketameta.report.claim_words import (
    ToldResult,
    brief,
    clause,
    one_more_event,
    per_cent,
    pointed,
    topic,
)
from ketameta.report.naming import capital, listed
from ketameta.report.wording import count, in_letters

# of a claim of no harm so many events are named, the first ones
MOST_HARMS = 3
# what is told where nothing is, by why that is so
NO_NUMBER = {"other unit": "no trial gives a number in the unit that is claimed"}
UNCERTAIN = "The evidence is very uncertain."
# of groups that are not rated by themselves
TOGETHER = "all trials together"
_MOST_NAMED = 3  # trials that point one way and are named


@dataclass(frozen=True, slots=True)
class Told:
    """One verdict with the results that it rests on: those are told, drawn, and give certainty."""

    verdict: Verdict
    shown: tuple[ToldResult, ...]


@dataclass(frozen=True, slots=True)
class ClaimItem:
    """One thing that a sentence tells: of what (empty: of the whole), the verdict, the words.

    `shown` are the results told; `claimed` says that the claim has a number, `timed` that it is of
    curves over time.
    """

    name: str
    word: str
    text: str
    shown: tuple[ToldResult, ...] = ()
    claimed: bool = False
    timed: bool = False

    @property
    def rated(self) -> str:
        """What its certainty is of: of a group that is not rated alone, all trials together."""
        told = self.shown[0] if self.shown else None
        if told is None or told.rated_alone:
            return self.name
        return f"{self.name.removesuffix(told.group)}{TOGETHER}"

    @property
    def uncertain(self) -> bool | None:
        """Whether the evidence is very uncertain; None where the words say too little for that."""
        if self.word in UNTOLD or not self.shown:
            return None
        return all(one.record.certainty == "very low" for one in self.shown)


def items_of(part: ClaimPart, told: Sequence[Told], control: Control | None) -> list[ClaimItem]:
    """Return what is told of one part of a claim; its name stands before that of each item."""
    name = part.test.part or ""
    own = _items(part, told, control)
    claimed = part.test.claimed_value is not None
    return [
        replace(one, name=", ".join(filter(None, (name, one.name))), claimed=claimed) for one in own
    ]


def _items(part: ClaimPart, told: Sequence[Told], control: Control | None) -> list[ClaimItem]:
    word = part.verdict.word
    if word == CANNOT:
        return [ClaimItem("", word, part.test.rule[:1].lower() + part.test.rule[1:])]
    curves = _over_time(part)
    points = next((p for one in told if (p := one.verdict.rows)), ())
    if word == MIXED and (curves or any(one.shown for one in told)):
        heard = [one for one in curves if one.word not in UNTOLD]
        return [*_mixed([one for one in told if one.shown], control, bool(heard)), *heard]
    own = [one for one in curves if one.word == word]
    same = [one.shown[0] for one in told if one.verdict.word == word and one.shown]
    if not same and own and not points:
        return [_joined(own)]
    if not any(one.shown for one in told):
        none = NO_NUMBER.get(part.verdict.because, "no trial gives a number for it")
        return [ClaimItem("", word, _pointing(points) if points else none)]
    found = _of_analyses(part, same, control)
    if not own or word in UNTOLD:
        return [found]
    return [replace(found, text=f"{found.text}. Over time, {_joined(own).text}", timed=True)]


def _of_analyses(part: ClaimPart, same: Sequence[ToldResult], control: Control | None) -> ClaimItem:
    """Tell results that all have the verdict of their part."""
    word = part.verdict.word
    if word == TOO_FEW:
        return ClaimItem("", word, pointed(same[0], control), tuple(same[:1]))
    if part.test.direction != NO_WORSE:
        return ClaimItem("", word, clause(same[0], control), tuple(same[:1]))
    harms = ([one for one in same if one.risk] or list(same))[:MOST_HARMS]
    text = "; ".join([clause(harms[0]), *map(one_more_event, harms[1:])])
    return ClaimItem("", word, text, tuple(harms))


def _over_time(part: ClaimPart) -> list[ClaimItem]:
    """Tell each curve that the part asks of time courses."""
    return [
        ClaimItem(f"over time, {name_of(one)}", one.verdict.word, text_of(found, one), timed=True)
        for found in part.timed
        for one in found.told
    ]


def _joined(curves: Sequence[ClaimItem]) -> ClaimItem:
    """Tell curves of one verdict as one thing, each by its name."""
    texts = [f"{one.name.removeprefix('over time, ')}: {one.text}" for one in curves]
    return ClaimItem("", curves[0].word, "; ".join(texts), timed=True)


def _mixed(told: Sequence[Told], control: Control | None, timed: bool) -> list[ClaimItem]:
    """Tell verdicts that differ: analysis by analysis, and its groups where these differ.

    `timed` says that curves over time are told beside them.
    """
    heard = [one for one in told if one.verdict.word not in UNTOLD]
    topics = {topic(one.shown[0].analysis) for one in heard}
    found: list[ClaimItem] = []
    for one in heard:
        first = one.shown[0]
        name = ""
        if len(heard) > 1 or timed:
            name = topic(first.analysis) if len(topics) > 1 else first.act.strip()
        if one.verdict.word != MIXED:
            found.append(ClaimItem(name, one.verdict.word, clause(first, control), (first,)))
            continue
        words = dict(one.verdict.which)
        groups = [shown for shown in one.shown if shown.group]
        for n, group in enumerate(groups):
            assert isinstance(group.record, RatedGroup)
            like = n and group.record.certainty == groups[0].record.certainty
            text = _sized(group, brief(group) if like else clause(group))
            if control is not None and n == len(groups) - 1:
                text += f". Under control: {per_cent(group, control)}"
            full = ", ".join(filter(None, (name, group.group)))
            found.append(ClaimItem(full, words[group.record.subgroup], text, (group,)))
    return found


def _sized(group: ToldResult, text: str) -> str:
    """Add the trials and people of a group where either is few."""
    record = group.record
    limits = thresholds(record)
    if record.k >= limits.heard_trials and record.n >= limits.heard_people:
        return text
    size = f"{count(record.k, 'trial')}, {count(record.n, 'person', 'people')}"
    return f"{text[:-1]}; {size})" if text.endswith(")") else f"{text} ({size})"


def claim_sentence(word: str, items: Sequence[ClaimItem]) -> str:
    """Write the verdict on a claim with what is told of it.

    ``Overstated: about 4 of 10 …`` or, of several things, ``Mixed. One dose: supported, … .``
    What has a verdict stands before what has none. That the evidence is very uncertain is said
    once where it is so of all, else where it is.
    """
    told = [one for one in items if one.uncertain is not None]
    every = bool(told) and all(one.uncertain for one in told)
    if len(items) == 1:
        text = f"{capital(word)}: {items[0].text}."
    else:
        texts = [
            f"{capital(one.name)}: {_said(one)}, {one.text}{'' if every else _unsure(one)}."
            for one in sorted(items, key=lambda one: one.word in UNTOLD)
        ]
        text = " ".join([f"{capital(word)}.", *texts])
    more = [_all_unsure(told)] if every else []
    more += [NOT_RATED] if any(one.timed for one in items) else []
    return " ".join([text, *more])


def _unsure(item: ClaimItem) -> str:
    """Say of one of several things that it is very uncertain, and in what company."""
    if not item.uncertain:
        return ""
    return "; very uncertain" if item.rated == item.name else f"; very uncertain of {TOGETHER}"


def _all_unsure(items: Sequence[ClaimItem]) -> str:
    if any(one.rated == one.name for one in items):
        return UNCERTAIN
    return f"{capital(f'of {TOGETHER}')} the evidence is very uncertain."


def _said(item: ClaimItem) -> str:
    return "as claimed" if item.claimed and item.word == SUPPORTED else item.word


def _pointing(rows: Sequence[Pointing]) -> str:
    """Say which way trials point that are not pooled, people who stand apart by themselves."""
    told = []
    for apart in dict.fromkeys(row.apart for row in sorted(rows, key=lambda r: r.apart)):
        own = [row for row in rows if row.apart == apart]
        trials = in_letters(len({row.trial_id for row in own}), "trial")
        told.append(_which_way(f"{trials}{f' in {apart}' * bool(apart)}", own))
    return (", and " if any(" and " in one for one in told) else " and ").join(told)


_WAYS = {
    directions.TREATMENT: "better results",
    directions.CONTROL: "worse results",
    directions.NEITHER: "no difference",
    directions.MIXED: "some tests each way",
    "": "no direction",
}
_POINTED = (directions.TREATMENT, directions.CONTROL)


def _which_way(trials: str, rows: Sequence[Pointing]) -> str:
    counts = directions.trials_by_direction(rows)
    found = [direction for direction in _WAYS if counts[direction]]
    s = "s" if counts.total() == 1 else ""
    if len(found) > 1:
        each = [in_letters(counts[d], f"finds {_WAYS[d]}", f"find {_WAYS[d]}") for d in found]
        return f"of {trials} {listed(each)}"
    if found[0] in _POINTED:
        return f"{trials} point{s} to {_WAYS[found[0]]} with treatment{_names(rows)}"
    return f"{trials} find{s} {_WAYS[found[0]]}{_names(rows)}"


def _names(rows: Sequence[Pointing]) -> str:
    """Name trials, with the earliest hour that each measured; nothing where they are many."""
    first: dict[str, Pointing] = {}
    for row in sorted(rows, key=lambda r: r.hour or 0):
        first.setdefault(row.trial_id, row)
    if len(first) > _MOST_NAMED:
        return ""
    return f" ({'; '.join(_named(row) for row in first.values())})"


def _named(row: Pointing) -> str:
    hour, label = row.hour, row.label.partition(" (")[0]
    if hour is None:
        return label
    time = count(round(60 * hour), "minute") if hour < 1 else count(round(hour), "hour")
    return f"{label}, at {time}"


def rests_on(word: str, items: Iterable[ClaimItem]) -> list[ClaimItem]:
    """Return the items that a verdict rests on: those of its word, of a mixed one all that tell."""
    own = list(items)
    heard = [one for one in own if one.word not in UNTOLD]
    return [one for one in own if one.word == word] or heard or own
