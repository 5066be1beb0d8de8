"""Data packages of Cochrane reviews (versions 1 and 2): an archive, or the folder that it holds."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ketameta.ingest.text import UnreadableError
from ketameta.reviews.cells import numbers, pairs, table
from ketameta.reviews.model import OVERALL, Analysis, Number, Review, StudyRow
from ketameta.reviews.words import SettingError, settings

ROWS, SETTINGS, SUBGROUPS = (
    "data-rows.csv",
    "overall-estimates-and-settings.csv",
    "subgroup-estimates.csv",
)
_OF_ANALYSES = (ROWS, SETTINGS, SUBGROUPS)
# reviews of the accuracy of tests have it in place of the settings
ACCURACY = "-parameters.csv"
ARCHIVE = b"PK\x03\x04"
READ = (".csv", ".ris")
MAX_UNPACKED, MAX_PARTS, MAX_DEPTH = 500_000_000, 10_000, 3

# what a setting is here -> the columns that say it, in version 2 and in version 1
_SETTINGS = {
    "data": ("data type",),
    "method": ("statistical method",),
    "measure": ("effect measure",),
    "model": ("analysis model",),
    "ratio": ("log-scale data",),
    "tau2": ("heterogeneity estimator",),
    "tau2_limits": ("tau2 ci",),
    "interval": ("ci method",),
    "swapped": ("swap event and non-event",),
    "level": ("ci/pi level", "estimate ci"),
    "overall": ("overall estimates",),
    "subgroups": ("subgroup estimates",),
    "test": ("test for subgroup differences",),
}
_STUDY = (("estimate", "mean"), ("low", "ci start"), ("high", "ci end"), ("weight", "weight"))
_POOLED = (
    *_STUDY,
    ("prediction_low", "pi start"),
    ("prediction_high", "pi end"),
    ("tau2", "heterogeneity tau2"),
    ("tau2_low", "tau2 ci start"),
    ("tau2_high", "tau2 ci end"),
    ("q", "heterogeneity chi2"),
    ("df", "heterogeneity df"),
    ("q_p", "heterogeneity p"),
    ("i2", "heterogeneity i2"),
    ("z", "effect z"),
    ("t", "effect t"),
    ("p", "effect p"),
    ("between", "subgroup chi2"),
    ("between_df", "subgroup df"),
    ("between_p", "subgroup p"),
    ("between_i2", "subgroup i2"),
)
_ARMS = ("experimental", "control")
_NUMBERS = {
    "events": ("experimental cases", "control cases"),
    "people": ("experimental n", "control n"),
    "mean": ("experimental mean", "control mean"),
    "sd": ("experimental sd", "control sd"),
    "generic": ("giv mean", "giv se"),
    "observed": ("o-e", "variance"),
}
Row = Mapping[str, str]


def files_of_archive(content: bytes, name: str, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files to read in an archive, and in archives that it holds."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise UnreadableError(f"{name} is not an archive that can be opened") from None
    if sum(info.file_size for info in infos) > MAX_UNPACKED or len(infos) > MAX_PARTS:
        raise UnreadableError(
            f"{name} unpacks to more than {MAX_UNPACKED:,} bytes or {MAX_PARTS:,} files"
        )
    for info in infos:
        lower = info.filename.lower()
        inner = lower.endswith(".zip") and depth < MAX_DEPTH
        if info.flag_bits & 1 or not (inner or lower.endswith(READ)):
            continue
        held = _unpacked(archive, info, name)
        if inner:
            yield from files_of_archive(held, info.filename, depth + 1)
        else:
            yield info.filename, held


def is_package(content: bytes) -> bool:
    """Say whether an archive holds data rows, or archives that may: no workbook does."""
    try:
        names = [name.lower() for name in zipfile.ZipFile(io.BytesIO(content)).namelist()]
    except (zipfile.BadZipFile, ValueError, OSError):
        return False
    return any(name.endswith((ROWS, ".zip")) for name in names)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    """Return the bytes of a file in an archive. Raises `UnreadableError` where it is damaged."""
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError):
        raise UnreadableError(f"{info.filename} in {name} cannot be unpacked") from None


def files_of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files to read below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in READ and path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def packages(files: Iterable[tuple[str, bytes]]) -> dict[str, list[tuple[str, bytes]]]:
    """Return the files of each package among some, by what the names of its files begin with."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for name, content in files:
        kind = next((kind for kind in _OF_ANALYSES if name.lower().endswith(kind)), None)
        if kind:
            found.setdefault(name[: -len(kind)], []).append((name, content))
    return found


def read_package(files: Iterable[tuple[str, bytes]], name: str) -> Review:
    """Read the files of one package.

    Raises `UnreadableError` where they have no data rows, or those of several reviews.
    """
    files = list(files)
    held = packages(files)
    several = [file for own in held.values() for file, _ in own if file.lower().endswith(ROWS)]
    kinds = [file.lower() for file, _ in files]
    if any(k.endswith(ACCURACY) for k in kinds) and not any(k.endswith(SETTINGS) for k in kinds):
        raise UnreadableError(f"{name} is a review of the accuracy of tests, which is not pooled")
    if not several:
        raise UnreadableError(f"{name} holds no file …-{ROWS}: it is no data package of a review")
    if len(several) > 1:
        raise UnreadableError(
            f"{name} holds the data rows of {len(several)} reviews: `ketameta library` reads each"
        )
    found: dict[str, list[dict[str, str]]] = {kind: [] for kind in _OF_ANALYSES}
    for file, content in (file for own in held.values() for file in own):
        kind = next(kind for kind in found if file.lower().endswith(kind))
        found[kind] += table(content, file)
    rows: dict[str, list[StudyRow]] = {}
    for row in found[ROWS]:
        rows.setdefault(_number(row), []).append(study_row(row))
    pooled: dict[str, dict[str, dict[str, Number]]] = {}
    for row in found[SUBGROUPS]:
        own = pooled.setdefault(_number(row), {})
        own[row.get("subgroup", "").strip()] = numbers(row, _POOLED)
    analyses, said = [], []
    for row in found[SETTINGS]:
        key = _number(row)
        try:
            how = settings({here: _first(row, there) for here, there in _SETTINGS.items()})
        except SettingError as error:
            said.append(f"analysis {key}: {error}")
            continue
        printed = {OVERALL: numbers(row, _POOLED), **pooled.get(key, {})}
        labels = tuple(row.get(f"{arm} group label", "").strip() for arm in _ARMS)
        analyses.append(
            Analysis(
                key, row.get("analysis name", "").strip(), row.get("analysis group name", ""), how,
                tuple(rows.get(key, ())), printed, (labels[0], labels[1]),
            )
        )  # fmt: skip
    told = {analysis.number for analysis in analyses} | {text.split(":")[0][9:] for text in said}
    said += [f"analysis {key}: its settings are not told" for key in rows if key not in told]
    said += ["it holds no analysis"] * (not analyses and not said)
    return Review(name, tuple(analyses), tuple(said))


def _first(row: Row, columns: tuple[str, ...]) -> str:
    """Return the first cell with something in it."""
    return next((row[name] for name in columns if row.get(name, "").strip()), "")


def _number(row: Row) -> str:
    return f"{row.get('analysis group', '').strip()}.{row.get('analysis number', '').strip()}"


def study_row(row: Row) -> StudyRow:
    """Return a row of data rows, its cells by the plain names of their columns."""
    applies = row.get("applicability", "").strip().upper()
    subgroup = row.get("subgroup", "").strip()
    entered, found = pairs(row.get, _NUMBERS)
    return StudyRow(
        row.get("study", "").strip(),
        row.get("study year", "").strip(),
        subgroup,
        not applies or "OVERALL" in applies,
        bool(subgroup) and (not applies or "SUBGROUP" in applies),
        printed=numbers(row, _STUDY),
        footnote=row.get("footnotes", "").strip(),
        entered=entered,
        **found,
    )
