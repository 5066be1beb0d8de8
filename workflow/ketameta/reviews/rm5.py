"""Files of RevMan 5 (.rm5): XML, of which analyses and studies are read and nothing is run.

People edited such files by hand and by programs: text that is not UTF-8, an ampersand or a sign of
less than that stands for itself, names of characters that XML does not know. These are read as
meant; what is no tree in spite of that is refused with its line. Entities are not resolved.
"""

from __future__ import annotations

import re
from html.entities import html5
from math import exp
from xml.etree.ElementTree import Element, ParseError

from ketameta.ingest.text import UnreadableError
from ketameta.reviews.cells import number, numbers, pairs, text_of
from ketameta.reviews.model import OVERALL, Analysis, Number, Review, Settings, StudyRow
from ketameta.reviews.words import SettingError, settings

_OUTCOMES = {
    "DICH_OUTCOME": ("DICH", "counts"),
    "CONT_OUTCOME": ("CONT", "means"),
    "IPD_OUTCOME": ("IPD", "O-E"),
    "IV_OUTCOME": ("IV", "generic"),
}
_WORDS = {"counts": "dichotomous", "means": "continuous", "O-E": "ipd", "generic": "giv"}
# RevMan 5 leaves attributes of other types of data there as 0
_PEOPLE = {"events": ("EVENTS_1", "EVENTS_2"), "people": ("TOTAL_1", "TOTAL_2")}
_NUMBERS = {
    "counts": _PEOPLE,
    "means": _PEOPLE | {"mean": ("MEAN_1", "MEAN_2"), "sd": ("SD_1", "SD_2")},
    "generic": _PEOPLE | {"generic": ("ESTIMATE", "SE")},
    "O-E": _PEOPLE | {"observed": ("O_E", "VAR")},
}
_STUDY = (
    ("estimate", "EFFECT_SIZE"), ("low", "CI_START"), ("high", "CI_END"), ("weight", "WEIGHT"),
)  # fmt: skip
_POOLED = (
    *_STUDY, ("tau2", "TAU2"), ("q", "CHI2"), ("df", "DF"), ("q_p", "P_CHI2"), ("i2", "I2"),
    ("z", "Z"), ("p", "P_Z"),
)  # fmt: skip
_BETWEEN = (("between", "Q"), ("between_p", "P_Q"), ("between_i2", "I2_Q"))
_XML = {"amp", "lt", "gt", "quot", "apos"}


def is_rm5(content: bytes) -> bool:
    """Say whether the start of a file is that of a review of RevMan 5."""
    return b"<COCHRANE_REVIEW" in content[:4000]


def read_rm5(content: bytes, name: str) -> Review:
    """Read a review of RevMan 5. Raises `UnreadableError`."""
    root = _tree(content, name)
    studies = {study.get("ID", ""): study for study in root.iter("STUDY")}
    analyses, said = [], []
    for comparison in root.iter("COMPARISON"):
        for outcome in comparison:
            if outcome.tag not in _OUTCOMES:
                continue
            key = f"{comparison.get('NO', '')}.{outcome.get('NO', '')}"
            try:
                analyses.append(_analysis(key, _text(comparison, "NAME"), outcome, studies))
            except SettingError as error:
                said.append(f"analysis {key}: {error}")
    others = sum(1 for _ in root.iter("OTHER_OUTCOME"))
    if others:
        said.append(f"{others} tables of text are no analyses and were left out")
    if not analyses and not said:
        said.append("it holds no analysis")
    return Review(name, tuple(analyses), tuple(said), root.get("GROUP_ID", ""))


def _tree(content: bytes, name: str) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    declared = re.match(rb'\s*<\?xml[^>]*encoding=["\']([A-Za-z0-9._-]+)', content)
    text = _decoded(content, declared[1].decode("ascii") if declared else "")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    text = re.sub(r"&(#?\w+;)?", _character, text)
    text = re.sub(r"<(?![A-Za-z_/!?])", "&lt;", text)
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
    try:
        root: Element = fromstring(text, forbid_dtd=False)
    except ParseError as error:
        raise UnreadableError(f"{name} is no tree of XML: {error}", error.position[0]) from None
    except DefusedXmlException:
        raise UnreadableError(f"{name} declares entities, which are not resolved") from None
    return root


def _decoded(content: bytes, declared: str) -> str:
    """Return the text: as declared where that fits, else as it is found."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        # what is declared as Latin-1 is Windows-1252 where it has its characters
        return content.decode("cp1252" if "8859-1" in declared else declared or "cp1252")
    except (UnicodeDecodeError, LookupError):
        return text_of(content)


def _character(found: re.Match[str]) -> str:
    """Return a reference as it is where XML knows it, else the character, else an ampersand."""
    reference = found[1] or ""
    name = reference.removesuffix(";")
    if name.startswith("#") or name in _XML:
        return found[0]
    known = html5.get(reference) if reference else None
    return known if known and known not in "<&" else f"&amp;{reference}"


def _text(element: Element, tag: str) -> str:
    child = element.find(tag)
    return "" if child is None else " ".join("".join(child.itertext()).split())


def _analysis(key: str, group: str, outcome: Element, studies: dict[str, Element]) -> Analysis:
    kind, data = _OUTCOMES[outcome.tag]
    how = _settings(outcome, data)
    rows: list[StudyRow] = [
        _row(item, "", data, studies) for item in outcome.findall(f"{kind}_DATA")
    ]
    printed: dict[str, dict[str, Number]] = {}
    estimable = outcome.get("ESTIMABLE", "YES") == "YES"
    printed[OVERALL] = numbers(outcome.attrib, (*_POOLED, *_BETWEEN)) if estimable else {}
    for part in outcome.findall(f"{kind}_SUBGROUP"):
        name = _text(part, "NAME") or part.get("NO", "")
        rows += [_row(item, name, data, studies) for item in part.findall(f"{kind}_DATA")]
        good = part.get("ESTIMABLE", "YES") == "YES"
        printed[name] = numbers(part.attrib, _POOLED) if good else {}
    labels = (_text(outcome, "GROUP_LABEL_1"), _text(outcome, "GROUP_LABEL_2"))
    return Analysis(
        key, _text(outcome, "NAME"), group, how, tuple(rows), _as_shown(printed, how), labels
    )


def _settings(outcome: Element, data: str) -> Settings:
    totals = outcome.get("TOTALS", "YES").upper()
    ratio = "yes" if _logs(outcome) else "no"
    if data == "O-E":  # the log of a ratio, where it is not said that it stays as it is
        ratio = "no" if outcome.get("METHOD", "").upper() == "O_E" else "yes"
    return settings(
        {
            "data": _WORDS[data],
            "method": outcome.get("METHOD", ""),
            "measure": outcome.get("EFFECT_MEASURE", "").replace("_", " "),
            "model": "random" if outcome.get("RANDOM", "NO") == "YES" else "fixed",
            "ratio": ratio,
            "swapped": outcome.get("SWAP_EVENTS", ""),
            "level": outcome.get("CI_TOTAL", ""),
            "overall": "yes" if totals == "YES" else "no",
            "subgroups": "yes" if totals in ("YES", "SUB") else "no",
            "test": outcome.get("SUBGROUP_TEST", ""),
        }
    )


def _logs(outcome: Element) -> bool:
    """Say whether effects are shown as ratios: the log that stands beside one is its log."""
    for element in outcome.iter():
        shown = number(element.get("EFFECT_SIZE"))
        for name in ("LOG_EFFECT_SIZE", "ESTIMATE"):
            log = number(element.get(name))
            if shown > 0 and abs(log - shown) > 1e-9 and abs(exp(min(log, 700)) / shown - 1) < 1e-3:
                return True
    return False


def _as_shown(printed: dict[str, dict[str, Number]], how: Settings) -> dict[str, dict[str, Number]]:
    """Return what is shown: of a fixed model no tau², without a test none between subgroups."""
    several = len([name for name in printed if name != OVERALL]) > 1
    hidden = set() if how.model == "random" else {"tau2"}
    if not (several and how.test and how.subgroups):
        hidden |= {"between", "between_p", "between_i2"}
    return {
        name: {key: value for key, value in found.items() if key not in hidden}
        for name, found in printed.items()
    }


def _row(item: Element, subgroup: str, data: str, studies: dict[str, Element]) -> StudyRow:
    study = studies.get(item.get("STUDY_ID", ""))
    name = study.get("NAME", "") if study is not None else item.get("STUDY_ID", "")
    estimable = item.get("ESTIMABLE", "YES") == "YES"
    entered, found = pairs(item.get, _NUMBERS[data])
    return StudyRow(
        name,
        study.get("YEAR", "") if study is not None else "",
        subgroup,
        True,
        bool(subgroup),
        printed=numbers(item.attrib, _STUDY) if estimable else {},
        footnote=_text(item, "FOOTNOTE"),
        entered=entered,
        **found,
    )
