"""Risk-of-bias judgements as lights: letters on colours, a ring where nobody judged."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.figures.columns import Heading
from ketameta.figures.forest import Light
from ketameta.tables.diagnostics import JudgementRow
from ketameta.vocabulary import vocabulary

# beside the letter of a judgement that a report took over
INHERITED = "°"
# trial, tool, domain -> judgement
Judged = dict[tuple[str, str, str], JudgementRow]

LETTERS = {"low": "L", "unclear": "U", "some concerns": "S", "high": "H"}
_ROLES = {"low": "low", "unclear": "concern", "some concerns": "concern", "high": "high"}


def domains(tool: str) -> dict[str, str]:
    """Return the domains of a tool with their labels, in the order of the vocabulary."""
    mark = f" ({tool.replace('RoB', 'RoB ')})"
    words = vocabulary().words("rob_domains")
    return {d: label.removesuffix(mark) for d, label in words.items() if label.endswith(mark)}


def _heads(tool: str) -> dict[str, str]:
    """Return what stands above each domain: A to G for RoB 1, D1 to D5 and All for RoB 2."""
    names = list(domains(tool))
    if tool == "RoB1":
        return {name: chr(ord("A") + n) for n, name in enumerate(names)}
    return {name: "All" if name == "overall" else name for name in names}


def judgements_by_trial(judgements: Sequence[JudgementRow]) -> Judged:
    """Return judgements by trial, tool and domain."""
    return {(j.trial_id, j.tool, j.domain): j for j in judgements}


def tools_of(judgements: Sequence[JudgementRow]) -> list[str]:
    """Return the tools by which any trial was judged, in the order of the vocabulary."""
    used = {j.tool for j in judgements}
    return [tool for tool in vocabulary().words("rob_tools") if tool in used]


def headings(tools: Sequence[str]) -> tuple[Heading, ...]:
    """Return a narrow column a domain, under the name of its tool."""
    return tuple(
        Heading(head, "middle", group=tool.replace("RoB", "RoB "))
        for tool in tools
        for head in _heads(tool).values()
    )


def lights(trial_id: str, judged: Judged, tools: Sequence[str]) -> tuple[Light, ...]:
    """Return the lights of a trial; a domain without a judgement is not assessed, never low."""
    found = []
    for tool in tools:
        for domain, label in domains(tool).items():
            one = judged.get((trial_id, tool, domain))
            if one is None:
                found.append(Light("", "rule", f"{label}: not assessed"))
                continue
            word = one.judgement
            # a disc has room for one mark: of both the title tells
            letter = LETTERS[word] + (
                "*" if one.disputed else INHERITED if one.inherited_from else ""
            )
            told = ", taken over from a report of the same randomisation"
            title = f"{label}{told if one.inherited_from else ''}: {one.detail}"
            found.append(Light(letter, _ROLES[word], title))
    return tuple(found)


def legend(judgements: Sequence[JudgementRow]) -> list[str]:
    """Return what the letters above and in the lights mean; nothing where nobody judged."""
    if not judgements:
        return []
    lines = []
    for tool in tools_of(judgements):
        labels, heads = domains(tool), _heads(tool)
        meant = ", ".join(f"{heads[d]} {labels[d]}" for d in labels)
        lines.append(f"Risk of bias, {tool.replace('RoB', 'RoB ')}: {meant}.")
    words = [word for word in LETTERS if any(j.judgement == word for j in judgements)]
    letters = ", ".join(f"{LETTERS[word]} {word}" for word in words)
    return [*lines, f"{letters}, empty ring not assessed.{marks(judgements)}"]


def marks(judgements: Sequence[JudgementRow]) -> str:
    """Say what the marks beside letters mean, as far as there are any."""
    text = ""
    if any(j.inherited_from for j in judgements):
        text += f" {INHERITED} Judged in another report of the same randomisation."
    if any(j.disputed for j in judgements):
        text += " * Reviews disagree on this domain: the worse judgement is shown."
    return text
