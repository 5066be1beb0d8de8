"""References of methods and of trials for reference managers: BibTeX, RIS and CSL-JSON.

Nothing is looked up: of a method its reference is taken apart, of a trial there is what the table
of trials says, its name in place of a title. Programs that know DOIs fill in the rest.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ketameta.report.references import REFERENCES
from ketameta.report_files import REFERENCE_FILES
from ketameta.tables.raw import TrialRow

# before the keys of methods: no id of a trial has a colon
METHOD = "methods:"
OTHERS = ", and others"
_ARTICLE = re.compile(
    r"(?P<title>.+)(?P<mark>[.?]) (?P<container>[^.?]+) (?P<year>\d{4});(?P<volume>\w+)"
    r"(?:\((?P<issue>\w+)\))?:(?P<pages>[\w–-]+)"
)
_BOOK = re.compile(r"(?P<title>.+)\. (?P<place>[^.:]+): (?P<publisher>[^.]+), (?P<year>\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One reference; what is not known is empty. `people` are family name and initials each."""

    key: str
    kind: str
    title: str
    people: tuple[tuple[str, str], ...] = ()
    others: bool = False
    edited: bool = False
    container: str = ""
    place: str = ""
    publisher: str = ""
    year: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    registration: str = ""
    url: str = ""
    note: str = ""

    @property
    def first_and_last(self) -> tuple[str, str]:
        """The first and the last page, ``932-44`` as 932 and 944; no last where there is one."""
        first, _, last = self.pages.replace("–", "-").partition("-")
        return first, first[: max(len(first) - len(last), 0)] + last if last else ""

    @property
    def remark(self) -> str:
        """What has no field of its own in every form."""
        registered = f"Registration: {self.registration}" if self.registration else ""
        return ". ".join(filter(None, (self.note, registered)))


def key_of(name: str) -> str:
    """Return the key of a work that method texts cite: ``methods:rover2015`` of ``Röver 2015``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return METHOD + re.sub(r"\W", "", plain).lower()


def method_work(name: str) -> Work:
    """Return a work that method texts cite by its short name, its reference taken apart."""
    text, doi = REFERENCES[name]
    authors, _, rest = text.partition(". ")
    edited, others = authors.endswith(" (editors)"), OTHERS in authors
    listed = authors.removesuffix(" (editors)").removesuffix(OTHERS).split(", ")
    people = tuple((family, given) for family, _, given in (a.rpartition(" ") for a in listed))
    if found := _ARTICLE.fullmatch(rest):
        parts = found.groupdict(default="")
        parts["title"] += parts.pop("mark").rstrip(".")
        kind = "article"
    elif found := _BOOK.fullmatch(rest):
        parts, kind = found.groupdict(), "book"
    else:
        title, _, note = rest.partition(". ")
        parts, kind = {"title": title, "note": note}, "book"
    return Work(
        key=key_of(name), kind=kind, people=people, others=others, edited=edited, doi=doi, **parts
    )


def trial_work(trial: TrialRow) -> Work:
    """Return a report of a trial with what the table says of it."""
    return Work(
        key=trial.trial_id,
        kind="report",
        title=trial.label,
        year=str(trial.year or ""),
        doi=trial.doi or "",
        pmid=trial.pmid or "",
        registration=trial.registration or "",
        url=trial.source_url or "",
    )


def bibtex(works: Sequence[Work]) -> str:
    """Return works as BibTeX, in ASCII where TeX has a way to write a letter."""
    return "\n".join("".join(_bibtex(work)) for work in works)


def _bibtex(work: Work) -> Iterator[str]:
    first, last = work.first_and_last
    people = [f"{_tex(family)}, {_tex(_dotted(given))}" for family, given in work.people]
    # {others} would be a name
    people += ["others"] * work.others
    # a second brace keeps the letters of a title large where they are
    fields = {
        "editor" if work.edited else "author": " and ".join(people),
        "title": f"{{{_tex(work.title)}}}",
        "journal": _tex(work.container),
        "address": _tex(work.place),
        "publisher": _tex(work.publisher),
        "year": work.year,
        "volume": work.volume,
        "number": work.issue,
        "pages": f"{first}--{last}" if last else first,
        "doi": _verbatim(work.doi),
        "pmid": work.pmid,
        "url": _verbatim(work.url),
        "note": _tex(work.remark),
    }
    yield f"@{'misc' if work.kind == 'report' else work.kind}{{{work.key},\n"
    yield ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
    yield "\n}\n"


def _dotted(initials: str) -> str:
    return " ".join(f"{letter}." for letter in initials)


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "—": "---",
    "’": "'",
    "ß": r"{\ss}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "ı": r"{\i}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
# combining mark -> command
_ACCENTS = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"'},
    **{"\u0304": "=", "\u0307": ".", "\u0306": "u ", "\u030a": "r ", "\u030b": "H "},
    **{"\u030c": "v ", "\u0327": "c ", "\u0328": "k "},
}


def _tex(text: str) -> str:
    """Write a text for TeX; a letter that it has no command for stays as it is."""
    return "".join(_SPECIAL.get(sign) or _accented(sign) for sign in _one_line(text))


def _accented(sign: str) -> str:
    letter, mark = (parts := unicodedata.normalize("NFD", sign))[0], parts[1:]
    return f"{{\\{_ACCENTS[mark]}{letter}}}" if mark in _ACCENTS else sign


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _verbatim(address: str) -> str:
    """Write an address, which BibTeX takes as it is: only braces would end it."""
    return address.translate({ord("{"): "%7B", ord("}"): "%7D", ord("\\"): "%5C"})


def ris(works: Sequence[Work]) -> str:
    """Return works as RIS, a tag a line."""
    lines = (f"{tag}  - {_one_line(text)}" for work in works for tag, text in _ris(work))
    return "".join(f"{line.rstrip() if line[:2] != 'ER' else line}\n" for line in lines)


def _ris(work: Work) -> Iterator[tuple[str, str]]:
    first, last = work.first_and_last
    yield "TY", {"article": "JOUR", "book": "BOOK"}.get(work.kind, "GEN")
    yield "ID", work.key
    for family, given in work.people:
        yield "ED" if work.edited else "AU", f"{family}, {_dotted(given)}"
    notes = ["More people made it than are named here."] * work.others
    notes += [f"PMID: {work.pmid}"] * bool(work.pmid) + [work.remark]
    fields = (
        *(("TI", work.title), ("T2", work.container), ("CY", work.place), ("PB", work.publisher)),
        *(("PY", work.year), ("VL", work.volume), ("IS", work.issue), ("SP", first), ("EP", last)),
        *(("DO", work.doi), ("UR", work.url), *(("N1", note) for note in notes)),
    )
    yield from ((tag, text) for tag, text in fields if text)
    yield "ER", ""


def csl_json(works: Sequence[Work]) -> str:
    """Return works as CSL-JSON (version 1.0.2), a list of items."""
    return json.dumps([_csl(work) for work in works], ensure_ascii=False, indent=1) + "\n"


def _csl(work: Work) -> dict[str, object]:
    people: list[dict[str, str]] = [
        {"family": family, "given": _dotted(given)} for family, given in work.people
    ]
    # as BibTeX's last name is read
    people += [{"literal": "others"}] * work.others
    kinds = {"article": "article-journal", "book": "book"}
    item = {
        "id": work.key,
        "type": kinds.get(work.kind, "document"),
        "editor" if work.edited else "author": people,
        "title": work.title,
        "container-title": work.container,
        "publisher-place": work.place,
        "publisher": work.publisher,
        "issued": {"date-parts": [[int(work.year)]]} if work.year else None,
        "volume": work.volume,
        "issue": work.issue,
        "page": "-".join(filter(None, work.first_and_last)),
        "DOI": work.doi,
        "PMID": work.pmid,
        "URL": work.url,
        "note": work.remark,
    }
    return {name: value for name, value in item.items() if value}


def references(methods: Iterable[str], trials: Iterable[TrialRow]) -> Iterator[tuple[str, str]]:
    """Yield the path below reports/ and the text of each file: methods by name, then trials."""
    works = [*map(method_work, methods), *map(trial_work, trials)]
    for path, form in zip(REFERENCE_FILES, (bibtex, ris, csl_json), strict=True):
        yield path, form(works)
