"""A synthesis and its studies as a journal lays a forest plot out (`journals`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ketameta.configuration import Analysis
from ketameta.figures.axis import AxisScale
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, Light, Total
from ketameta.measures import MEASURES
from ketameta.report import bias, journal_words, naming, wording
from ketameta.report.forest_columns import SideColumns, control_side, sums, treated
from ketameta.report.forest_data import forest_of, plotted
from ketameta.report.journal_columns import journal_columns, spare, stacked_columns
from ketameta.report.journals import Journal
from ketameta.report.naming import capital
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SplitRow, StudyRow, SubgroupRow, SynthesisRow


def journal_forest(
    journal: Journal, analysis: Analysis, record: SynthesisRow, own: Tables
) -> tuple[Forest, Forest]:
    """Return the forest plot of an analysis in a journal's layout, in columns and stacked.

    Stacked each trial's name and effect stand above its interval, for a place too narrow for more.
    Without what no journal prints: trials not pooled, earlier reviews, effects drawn to the mean.
    """
    # sources of the words in place of the rows themselves
    kept = Tables({kind: own.get(kind) for kind in (StudyRow, SubgroupRow, SplitRow)})
    if journal.lights:
        kept |= Tables({JudgementRow: _of_one_tool(own.get(JudgementRow))})
    in_columns = journal_columns(journal, analysis, record)
    stacked = stacked_columns(journal, analysis, record)
    wide, narrow = (
        _forest(journal, analysis, record, kept, columns) for columns in (in_columns, stacked)
    )
    title = narrow.scale.title.replace("\n(", " (").replace("\n", ", ")
    below = replace(narrow.scale, title=title)
    blocks = tuple(map(_unlit, narrow.blocks))
    return wide, replace(narrow, lights=(), legend=(), blocks=blocks, scale=below)


def _of_one_tool(judgements: Sequence[JudgementRow]) -> list[JudgementRow]:
    """Keep the judgements of the tool by which most trials were judged: a plot has room for one."""
    judged = {
        tool: {j.trial_id for j in judgements if j.tool == tool}
        for tool in bias.tools_of(judgements)
    }
    most = max(judged, key=lambda tool: len(judged[tool]), default="")
    return [j for j in judgements if j.tool == most]


def _unlit(block: Block) -> Block:
    return replace(block, rows=tuple(replace(row, lights=()) for row in block.rows))


def _forest(
    journal: Journal, analysis: Analysis, record: SynthesisRow, own: Tables, columns: SideColumns
) -> Forest:
    form = journal_words.interval_form(journal, analysis.select.measure)
    plain = forest_of(analysis, record, own, columns, form)
    groups: Sequence[SubgroupRow | None] = plotted(record, own.get(SubgroupRow))
    blocks = [
        replace(
            block,
            rows=tuple(_signed(journal, row) for row in block.rows),
            subtotal=_group(journal, analysis, block.subtotal, group, own),
        )
        for block, group in zip(plain.blocks, groups or [None] * len(plain.blocks), strict=True)
    ]
    total, prediction = _pooled(journal, analysis, record, plain, own)
    return replace(
        plain,
        blocks=tuple(blocks),
        total=total,
        prediction=prediction,
        scale=_scale(journal, analysis, record, plain.scale),
        above=journal.above if plain.scale.sides or journal.above == "title" else "",
        guide=False,
        statistics=(),
        notes=(),
        lights=_lights(journal, plain.lights),
        legend=tuple(_lights_explained(journal, own.get(JudgementRow))),
    )


def _scale(journal: Journal, analysis: Analysis, record: Estimate, plain: AxisScale) -> AxisScale:
    """Return the axis with a journal's title and its words for the sides."""
    sides = None
    if named := naming.sides(analysis):
        left, right = (journal.sides.format(name) for name in named)
        sides = journal_words.in_style(journal, left), journal_words.in_style(journal, right)
    title = journal_words.title(journal, journal.axis, analysis, record)
    return replace(plain, title=title, sides=sides, arrows=False)


def _label(analysis: Analysis, words: str) -> str:
    return words.format(level=wording.level_percent(analysis.model.level))


def _group(
    journal: Journal,
    analysis: Analysis,
    subtotal: Total | None,
    group: SubgroupRow | None,
    own: Tables,
) -> Total | None:
    """Return a subtotal in a journal's words, with its tests below it."""
    if subtotal is None or group is None:
        return None
    studies = [s for s in own[StudyRow] if s.subgroup == group.subgroup]
    below = _events(journal, analysis, studies) + journal_words.tests(journal, group)
    return replace(subtotal, label=_label(analysis, journal.subtotal), below=tuple(below))


def _pooled(
    journal: Journal, analysis: Analysis, record: SynthesisRow, plain: Forest, own: Tables
) -> tuple[Total | None, Total | None]:
    """Return the total and the prediction in a journal's words; tests stand below the last."""
    below = _events(journal, analysis, own[StudyRow]) + journal_words.tests(journal, record)
    for row in own.get(SplitRow):
        if row.split == record.split and row.q is not None and row.p is not None:
            told = {"q": wording.fixed(row.q, 2), "df": row.df}
            p = journal_words.p_value(journal, row.p)
            below.append(journal_words.line(journal, journal.between, **told, p=p))
    total, prediction = plain.total, plain.prediction
    if total:
        lines = () if prediction else tuple(below)
        total = replace(total, label=_label(analysis, journal.total), below=lines)
    if prediction:
        label = _label(analysis, journal.prediction)
        prediction = replace(prediction, label=label, below=tuple(below))
    return total, prediction


def _events(journal: Journal, analysis: Analysis, studies: Sequence[StudyRow]) -> list[str]:
    """Return the line of all events, where a journal has one and the measure compares them."""
    if not journal.events or not MEASURES[analysis.select.measure].counts:
        return []
    treatment = capital(naming.treatment_name(analysis))
    events = sums(treated, ("events",), "", studies)
    if analysis.select.by_arm:
        return [
            journal_words.line(
                journal, journal.events.partition(", ")[0], treated=events, treatment=treatment
            )
        ]
    return [
        journal_words.line(
            journal,
            journal.events,
            treated=events,
            treatment=treatment,
            controls=sums(control_side, ("events",), "", studies),
            control=capital(naming.control_name(analysis)),
        )
    ]


def _signed(journal: Journal, row: ForestRow) -> ForestRow:
    """Return a row with a journal's signs in place of the letters of judgements."""
    lights = [
        Light(journal.lights[light.letter[0]] + light.letter[1:], light.role, light.title)
        if light.letter
        else light
        for light in row.lights
    ]
    return replace(row, lights=tuple(lights), href="")


def _lights(journal: Journal, headings: Sequence[Heading]) -> tuple[Heading, ...]:
    """Head the domains by letters from A on, under a journal's name for them."""
    leaves = spare(journal, "lights")
    return tuple(
        replace(heading, title=chr(ord("A") + n), group=journal.lights_name, spare=leaves)
        for n, heading in enumerate(headings)
    )


def _lights_explained(journal: Journal, judgements: Sequence[JudgementRow]) -> list[str]:
    """Say what the letters above the lights and the signs in them mean."""
    if not judgements:
        return []
    (tool,) = bias.tools_of(judgements)
    domains = enumerate(bias.domains(tool).values())
    meant = "; ".join(f"({chr(ord('A') + n)}) {label}" for n, label in domains)
    lines = [f"{journal.lights_name} legend ({tool.replace('RoB', 'RoB ')}): {meant}."]
    words: dict[str, list[str]] = {}
    for word, letter in bias.LETTERS.items():
        if any(j.judgement == word for j in judgements):
            words.setdefault(journal.lights[letter], []).append(word)
    signs = ", ".join(f"{sign} {' or '.join(told)}" for sign, told in words.items())
    lines.append(f"{signs}, empty ring not assessed.{bias.marks(judgements)}")
    return [journal_words.in_style(journal, text) for text in lines]


def legend(
    journal: Journal | None, analysis: Analysis, record: SynthesisRow, own: Tables
) -> list[str]:
    """Return what the legend of a forest plot should say: journals print it below the figure."""
    lines = [f"{analysis.display.title}. {analysis.display.question}"]
    if how := wording.pooled_by(analysis, record):
        lines.append(f"{how}.")
    plain = forest_of(analysis, record, own)
    lines += plain.notes
    tools = bias.tools_of(own.get(JudgementRow))
    if not journal:
        lines += plain.legend
    elif journal.lights and len(tools) > 1:
        (shown,) = bias.tools_of(_of_one_tool(own.get(JudgementRow)))
        others = naming.listed([tool.replace("RoB", "RoB ") for tool in tools if tool != shown])
        lines.append(f"Judgements of risk of bias by {others} are not shown.")
    return [journal_words.in_style(journal, line) for line in lines] if journal else lines
