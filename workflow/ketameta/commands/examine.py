"""What is wrong with a folder of tables: faults of its cells, what its numbers say, and the claims.

Where the folder is that of a project, its configuration is read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ketameta.configuration import CONFIG, Configuration, ConfigurationError, Course, load
from ketameta.ingest.places import Found, read_place
from ketameta.ingest.stage import ReadPlace, check_place
from ketameta.normalize.checks.acknowledged import ENTRY, NO_ANALYSIS, Subject, Warned, with_reasons
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.trials import raw_rows
from ketameta.tables.collection import Tables
from ketameta.tables.problems import ERROR, NOTE, WARNING, Problem, shown
from ketameta.tables.raw import EFFECT_TABLES, RAW_KINDS, ClaimRow
from ketameta.vocabulary import hint
from ketameta.vocabulary.narrowing import keys
from ketameta.vocabulary.timed import Timed, questions


@dataclass(frozen=True)
class ToldProblem:
    """A problem, the name of the check that found it (`entry`: of the form), what it is about."""

    problem: Problem
    code: str
    about: Warned


@dataclass(frozen=True)
class Named:
    """What a claim names, and its place."""

    file: str
    line: int
    analysis: str | None
    course: str | None


@dataclass(frozen=True)
class Examined:
    """The typed rows of a folder, all that is told of it, and the configuration of its project."""

    tables: Tables
    told: list[ToldProblem]
    configuration: Configuration | None = None


def examined_folder(folder: Path) -> Examined:
    """Return the typed rows and every problem, those of the number checks among them.

    The number checks run where no cell is at fault: on half-read tables they would cry wolf.
    Those that need effects (an outlying one) are left to the run.
    """
    asked, faults = configured(folder)
    try:
        found = check_place(read_place(folder))
    except ConfigurationError:
        # words that cannot be read: the tables have none to be held against
        return Examined(Tables({}), [ToldProblem(p, ENTRY, Subject(()).warned(p)) for p in faults])
    return examined(found, asked, faults)


def examined(
    read: ReadPlace, asked: Configuration | None, faults: Sequence[Problem] = ()
) -> Examined:
    """Return the same of tables that are read, in a project or in none, and its `faults`."""
    tables, problems = read.rows(), read.problems
    rows = raw_rows(tables)
    findings: list[Finding] = []
    whole = all(RAW_KINDS[name] in tables.kinds() for name in EFFECT_TABLES)
    if whole and not any(p.severity == ERROR for p in problems):
        named = (Named(c.file, c.line, c.analysis, c.course) for c in tables.get(ClaimRow))
        claims = unknown_claims(named, asked) if asked else []
        findings, problems = with_reasons(tables, rows, problems, more=claims)
    about = Subject(rows)
    told = [ToldProblem(p, ENTRY, about.warned(p)) for p in (*faults, *problems)]
    told += [ToldProblem(_problem(f), f.check, about.warned(f)) for f in findings]
    return Examined(tables, told, asked)


def examine(folder: Path) -> tuple[Tables, list[Problem]]:
    """Return the typed rows of a folder and every problem."""
    found = examined_folder(folder)
    return found.tables, [told.problem for told in found.told]


def configured(folder: Path) -> tuple[Configuration | None, list[Problem]]:
    """Return the configuration of the project that a folder is data/raw of, and what is told of it.

    Its faults, or notes on words that are read as others.

    None where the folder is of no project, or the configuration is at fault.
    """
    here = folder if folder.parts[-2:] == ("data", "raw") else folder.absolute()
    path = here.parent.parent / CONFIG
    if here.parts[-2:] != ("data", "raw") or not path.is_file():
        return None, []
    try:
        found = load(path)
        return found, [_fault(path.as_posix(), line, NOTE) for line in found.read_as]
    except ConfigurationError as error:
        return None, [_fault(path.as_posix(), line) for line in str(error).splitlines()]


def _fault(file: str, said: str, severity: str = ERROR) -> Problem:
    """Take what is told of the configuration apart: ``file:line: key: fault``."""
    place, _, message = said.partition(": ")
    named, _, line = place.rpartition(":")
    if line.isdecimal():
        return Problem(named, int(line), "", "", message, severity)
    return Problem(file, 0, "", "", said.removeprefix(f"{file}: "))


def unknown_claims(claims: Iterable[Named], asked: Configuration) -> list[Finding]:
    """Return what claims name and the configuration lacks: analyses, courses and their curves.

    Warnings: a claim may name what nobody has asked yet. What is narrowed goes by its name.
    """
    found = []
    for claim in claims:
        for word in filter(None, (claim.analysis or "").split(";")):
            name = word.partition("@")[0].strip()
            if name not in asked.names:
                said = f"is no analysis of {CONFIG.as_posix()}: not tested"
                close = hint(name, asked.names, 1)
                found.append(_nothing(claim, "analysis", name, f"{said}{close}"))
        for one in questions(claim.course):
            found += [_nothing(claim, "course", *told) for told in _untimed(one, asked.courses)]
    return found


def _untimed(one: Timed, courses: Sequence[Course]) -> Iterator[tuple[str, str]]:
    """Yield what a question to a time course names that is not there, and what there is."""
    course = next((course for course in courses if course.name == one.course), None)
    if course is None:
        known = ", ".join(course.name for course in courses) or "none"
        yield (
            one.course,
            f"is no time course of {CONFIG.as_posix()}: not tested; there are: {known}",
        )
        return
    words = keys()[course.curve.by]
    for curve in one.curves:
        if curve not in words:
            said = f"is no {course.curve.by} by which {course.name} has curves"
            yield curve, f"{said}{hint(curve, list(words), 1)}"
    for hour in one.hours:
        if hour not in course.hours:
            first, last = course.hours.start, course.hours.end
            yield f"{hour:g}", f"is outside the hours of {course.name}, {first:g} to {last:g}"


def _nothing(claim: Named, column: str, value: str, said: str) -> Finding:
    place = (claim.file, claim.line, column, "", "", value)
    return Finding(NO_ANALYSIS, WARNING, *place, f"{shown(value)} {said}")


def claims_of_nothing(place: Found, asked: Configuration) -> list[Problem]:
    """Return the warnings of claims alone, from their table as it stands."""
    text = place[0].get("claims")
    if text is None or not text.readable:
        return []
    rows = [
        Named(text.file, row.line, row.cells.get("analysis"), row.cells.get("course"))
        for row in text.rows
    ]
    return [_problem(finding) for finding in unknown_claims(rows, asked)]


def _problem(finding: Finding) -> Problem:
    return Problem(
        finding.file,
        finding.line,
        finding.column,
        finding.value,
        f"{finding.message} [{finding.check}]",
        finding.severity,
        "",
        finding.trial_id,
        finding.arm_id,
        finding.acknowledged,
    )


def not_before(told: Sequence[ToldProblem], before: Sequence[ToldProblem]) -> list[ToldProblem]:
    """Return what is told now and was not before, whatever the lines of its rows."""
    known = {_identity(one) for one in before}
    return [one for one in told if _identity(one) not in known]


def others(problems: Iterable[Problem]) -> list[ToldProblem]:
    """Return problems that are about no row, as they are told."""
    return [ToldProblem(problem, ENTRY, Subject().warned(problem)) for problem in problems]


def _identity(told: ToldProblem) -> tuple[object, ...]:
    words = told.problem.message if told.code == ENTRY else ""
    plain = "".join(c for c in words if not c.isdigit())
    return told.problem.severity, plain, replace(told.about, table=told.about.table.lower())


def open_warnings(told: Iterable[ToldProblem]) -> list[ToldProblem]:
    """Return errors and warnings that nobody has acknowledged."""
    return [
        one
        for one in told
        if one.problem.severity in (ERROR, WARNING) and not one.problem.acknowledged
    ]
