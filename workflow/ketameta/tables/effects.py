"""What normalize makes: effects, how they came about, the fate of every row, what is odd.

And what the raw tables are as a whole: counts, digests of the trials, warnings.
"""

from __future__ import annotations

from ketameta.tables.entered import Entered
from ketameta.tables.parts import Falls, Judgement, PoolableEffect
from ketameta.tables.table import Id, Row, col, table


@table(
    "effects",
    "Effects",
    key=("analysis", "trial_id", "comparison"),
    first=("analysis", "trial_id", "label", "year", "population", "design", "measure", "yi", "vi"),
)
class EffectRow(PoolableEffect):
    """One trial × analysis."""

    label: str = col("name of the trial")
    year: int | None = col("year of publication")
    population: str = col("population of the trial", blank=True)
    design: str = col("parallel or crossover", blank=True)
    measure: str = col("effect measure")
    randomised_t: float | None = col(
        "people randomised to the treated arms, whether analysed or not; empty where not known, or "
        "where both sides are periods of the same people",
        unit="people",
    )
    randomised_c: float | None = col("the same of the control arms, or their part", unit="people")
    mean_t: float | None = col("mean of the treated arms", unit="scale points")
    sd_t: float | None = col("SD of the treated arms", unit="scale points")
    mean_c: float | None = col("mean of the control arms", unit="scale points")
    sd_c: float | None = col("SD of the control arms", unit="scale points")
    treatment: str = col("treatments of the treated arms", blank=True)
    dose: str = col("doses of the treated arms", blank=True)
    route: str = col("routes of the treated arms", blank=True)
    drug_route: str = col("treatment by its route, as one thing", blank=True)
    n_doses: str = col(
        "planned doses of the treated arms: 1 or >1, empty where not known", blank=True
    )
    control: str = col("treatments of the control arms", blank=True)
    comparator_class: str = col("class of the control arms", blank=True)
    hour: float | None = col("hours from the start of treatment", unit="h")
    scale: str = col("rating scale", blank=True)
    definition: str = col("definition of the event", blank=True)
    analysis_set: str = col("analysis set", blank=True)
    basis: str = col("counts, change, endpoint or contrast", blank=True)
    seen: str = col("weakest of the rows used: direct, derived or secondary", blank=True)
    assumptions: list[str] = col("what the derivation assumes or borrows", blank=True)
    marks: list[str] = col("flags of the rows used that want a check", blank=True)
    rows: list[str] = col("raw rows used, file:line", blank=True)


@table(
    "course_effects",
    "Effects of time courses",
    key=("analysis", "trial_id", "comparison", "scale", "hour"),
    first=("analysis", "trial_id", "label", "comparison", "hour", "scale", "yi", "vi"),
)
class CourseEffectRow(EffectRow):
    """One treated arm × hour × scale of a trial in a time course."""

    analysis: Id = col("time course of the configuration")
    arms_t: list[str] = col("arms behind the treated side")
    arms_c: list[str] = col("arms behind the control side")


@table("course_ledger", "What became of the rows of time courses", key=("course", "reason"))
class CourseLedgerRow(Row):
    """One fate of raw rows on the outcome of a time course."""

    course: Id = col("time course of the configuration")
    reason: str = col("used, or why not")
    rows: int = col("raw rows")


@table(
    "network_effects",
    "Effects of networks",
    key=("analysis", "trial_id", "comparison"),
    first=("analysis", "trial_id", "label", "comparison", "comparator_class", "yi", "vi"),
)
class NetworkEffectRow(EffectRow):
    """One node of a trial against another of it, its base, in a network.

    The base is the same in all rows of a trial, and a control in the words of the other columns.
    """

    analysis: Id = col("network of the configuration")
    comparison: str = col("node of the treated arms")
    comparator_class: str = col("node of the control arms: the base of the trial")
    arms_t: list[str] = col("arms behind the treated side")
    arms_c: list[str] = col("arms behind the control side")


@table("network_ledger", "What became of the rows of networks", key=("network", "file", "line"))
class NetworkLedgerRow(Row):
    """One raw row on the outcome of a network."""

    network: Id = col("network of the configuration")
    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    trial_id: Id = col("trial report")
    used: bool = col("the row's numbers are in the network")
    reason: str = col("used, or why not")
    detail: str = col("which word, hour or row decided", blank=True)


@table(
    "variants",
    "Effects under other choices",
    key=("analysis", "variant", "trial_id", "comparison"),
    first=("analysis", "variant", "trial_id", "yi", "vi"),
)
class VariantRow(PoolableEffect):
    """One trial × variant of an analysis."""

    variant: str = col("choice of the sensitivity analysis, or several together")
    rows: list[str] = col("raw rows used, file:line", blank=True)


@table("derivations", "Derivations", key=("analysis", "trial_id", "comparison", "step"))
class DerivationRow(Row):
    """One step from raw rows to an effect."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    step: int = col("number of the step")
    what: str = col("what was done")
    formula: str = col("formula with its values", blank=True)
    result: str = col("what came out", blank=True)
    source: str = col("where the method is from", blank=True)
    assumption: str = col("what the step assumes or borrows, if anything", blank=True)
    rows: list[str] = col("raw rows used, file:line", blank=True)


@table("ledger", "Ledger", key=("analysis", "file", "line"))
class LedgerRow(Row):
    """One raw row × analysis."""

    analysis: Id = col("analysis of the configuration")
    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    trial_id: Id = col("trial report")
    used: bool = col("the row's numbers are in the pooled result")
    reason: str = col("used, or why not")
    detail: str = col("which word, hour or row decided", blank=True)


@table("rows", "Raw rows", key=("file", "line"))
class ResultRow(Row):
    """One row of outcomes or contrasts as entered."""

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial", blank=True)
    arm_id: str = col("arm, or treated arm against control", blank=True)
    flag: str | None = col("flag of the row")
    note: str | None = col("note of the row")
    seen: str = col("direct, secondary or derived", blank=True)
    source: str = col("DOI, PMID, PMC or registry number", blank=True)
    source_url: str | None = col("address of the source")
    locator: str = col("place in the source", blank=True)
    entered: Entered = col("the cells as entered")


@table("findings", "Findings of the number checks")
class FindingRow(Row):
    """One oddity of the numbers that a data manager should look at."""

    check: str = col("name of the check")
    severity: str = col("warning, or error where the numbers cannot be")
    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    column: str = col("column of the cell", blank=True)
    trial_id: Id = col("trial report")
    arm_id: str = col("arm, empty for a whole trial", blank=True)
    value: str = col("the cell", blank=True)
    message: str = col("what is odd")
    acknowledged: str = col("why it may stand; empty where nobody has said so", blank=True)
    table: str = col("table of the row", blank=True)
    at: list[str] = col("arm, outcome and hour of each row that it is about", blank=True)


@table("data", "The data as a whole")
class DataRow(Row):
    """All the raw tables together."""

    data_hash: str = col("content id of all cells as entered")
    reports: int = col("trial reports")
    apart: int = col("reports that share no people with a report they are part of")
    people: int | None = col("people randomised in these", unit="people")
    unnumbered: int = col("of these, without a number of people randomised")


@table("digests", "Digests of the trials", key=("trial_id",))
class DigestRow(Row):
    """One trial.

    Its digest tells whether a cell of it has changed.
    """

    trial_id: Id = col("trial report")
    digest: str = col("content id of its cells as entered")


@table("counts", "Counts of the data", key=("what", "name"))
class CountRow(Row):
    """One thing that is counted."""

    what: str = col("rows of a table, reports on a population, or arms of a treatment")
    name: str = col("table, population or treatment")
    number: int = col("how many there are")


@table("warnings", "Warnings on the raw tables")
class WarningRow(Row):
    """One warning or note on the form of a raw table."""

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    column: str = col("column, empty for the whole row", blank=True)
    severity: str = col("warning or note")
    message: str = col("what is wrong and what is allowed")
    acknowledged: str = col("why it may stand; empty where nobody has said so", blank=True)


@table(
    "arm_pairs",
    "Falls of both sides of a trial",
    key=("analysis", "trial_id"),
    last=("n_t", "n_c", "same_people", "hour", "scale", "rows"),
)
class ArmPairRow(Falls):
    """One trial whose treated and control arms both have a fall, in an analysis of reductions."""

    vi: float | None = col("variance of their difference; empty where an SD is missing")
    same_people: bool = col("both are periods of the same people")


@table("missing_results", "Known missing results", key=("analysis", "trial_id"))
class MissingResultRow(Row):
    """One trial that measured the outcome in the window and reports no number to pool."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    said: str = col("what is reported in place of a number")
    direction: str | None = col("what it favours, where stated", words="result_directions")
    significant: bool = col("a p-value below 0.05 is reported")
    n_t: float | None = col("people in the treated arms", unit="people")
    n_c: float | None = col("people in the control arms", unit="people")
    n: float | None = col("people, those of a crossover once", unit="people")
    through: str = col(
        "pooled report that holds the same people; empty where no pooled trial holds them",
        blank=True,
    )
    rows: list[str] = col("raw rows, file:line", blank=True)


@table("directions", "Directions of results")
class DirectionRow(Row):
    """One trial, test and hour of an outcome whose tests point different ways."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    scale: str = col("test or rating scale", blank=True)
    higher: str = col("what a higher score is: better or worse; empty: not known", blank=True)
    hour: float | None = col("hours from the start of treatment", unit="h")
    comparison: str = col("treated arm against control arm")
    comparator_class: str = col("class of the control arm", blank=True)
    direction: str | None = col(
        "what the result favours; empty where it is not stated", words="result_directions"
    )
    said: str = col("what is reported")
    p_value: str = col("p-value as printed", blank=True)
    rows: list[str] = col("raw rows, file:line", blank=True)


@table(
    "bias",
    "Judgements of risk of bias as entered",
    key=("trial_id", "file", "line", "domain"),
    first=("file", "line", "trial_id"),
    last=("inherited_from",),
)
class BiasRow(Judgement):
    """One judgement of one domain of one trial, published or from the answers of a rater."""

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    trial_id: Id = col("trial report")
    support: str | None = col("reason given")
    source: str = col("review that judged")
    locator: str = col("page, table or figure in the source", blank=True)


@table("signalling", "Answers to signalling questions", key=("file", "line"))
class SignallingRow(Row):
    """One answer of one rater to one signalling question about one trial."""

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    outcome: str | None = col("outcome judged; empty for the whole trial", words="outcomes")
    question: str = col("signalling question", words="rob2_questions")
    answer: str = col("answer", words="rob2_answers")
    support: str = col("what the answer rests on", blank=True)
    source: str | None = col("DOI, PMID, PMC or registry number of the text read")
    locator: str | None = col("page, table or figure in the source")
    rater: Id = col("who answered")


@table(
    "arm_reductions",
    "Reductions of scores, arm by arm",
    key=("analysis", "trial_id", "arm_id", "hour"),
)
class ArmReductionRow(Row):
    """One arm at one time, in an analysis of per cent reductions."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    arm_id: str = col("arm")
    treatment: str = col("treatment of the arm")
    treated: bool = col("a treatment that the analysis asks for")
    hour: float = col("hours from the start of treatment", unit="h")
    scale: str = col("rating scale")
    n: int | None = col("people analysed, as entered", unit="people")
    reduction: float = col("fall of the mean from baseline", unit="per cent")
    rows: list[str] = col("raw rows used, file:line", blank=True)


@table("evidence_map", "What evidence there is", key=("population", "outcome", "period"))
class EvidenceMapRow(Row):
    """One population × outcome × period after the start of treatment."""

    population: str = col("population of the trials")
    outcome: str = col("outcome")
    period: str = col("period after the start of treatment")
    trials: int = col("trials with a usable row", unit="trials")
    people: int | None = col("people randomised in them", unit="people")
    trial_ids: list[str] = col("these trials", blank=True)
    labels: list[str] = col("their names, in the same order", blank=True)
