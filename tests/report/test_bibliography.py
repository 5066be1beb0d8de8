"""References as files: each form read back gives what went in, whatever signs a name holds."""

import json
import re
import unicodedata

import pytest

from ketameta.report import bibliography
from ketameta.report.references import REFERENCES
from ketameta.tables.raw import TrialRow

from ..rows import row

METHODS = [bibliography.method_work(name) for name in REFERENCES]
ODD = "Größe & Müller_2% #1 {a} \\b ~ ^c $d – Łódź\nsecond line"
TRIALS = [
    row(TrialRow, trial_id="odd2020", label=ODD, doi="10.1000/a_b(1)<2>", pmid="123"),
    row(TrialRow, trial_id="bare", label="Bare", registration="NCT01234567", year=2019),
]
WORKS = [*METHODS, *map(bibliography.trial_work, TRIALS)]
TEX = {r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^"}
MARKS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "v ": "\u030c"}
LETTERS = {r"{\ss}": "ß", r"{\l}": "ł", r"{\L}": "Ł", r"{\o}": "ø"}


def of_tex(text):
    """Return a text as TeX prints it, in composed letters."""
    text = text.replace("---", "—").replace("--", "–")
    for written, sign in {**LETTERS, **TEX}.items():
        text = text.replace(written, f"\0{ord(sign):x}\0")
    text = re.sub(r"""\{\\(['`^"]|v )(\w)\}""", lambda found: found[2] + MARKS[found[1]], text)
    text = re.sub(r"\\([&%$#_{}])", r"\1", text)
    text = re.sub("\0([0-9a-f]+)\0", lambda found: chr(int(found[1], 16)), text)
    return unicodedata.normalize("NFC", text)


def field_of(text, start):
    """Return what stands between the brace at `start` and its partner, and where that is."""
    depth, at = 0, start
    while True:
        if text[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        if not depth:
            return text[start + 1 : at - 1], at


def read_bibtex(text):
    """Return the fields of each entry by its key, read by matching braces."""
    found, at = {}, 0
    while head := re.compile(r"\s*@(\w+)\{([^,\s]+),").match(text, at):
        at, fields = head.end(), {"kind": head[1]}
        while name := re.compile(r"\s*(\w+) = (?=\{)").match(text, at):
            fields[name[1]], at = field_of(text, name.end())
            at += text[at] == ","
        end = re.compile(r"\s*\}\s*").match(text, at)
        assert end, text[at : at + 80]
        found[head[2]], at = fields, end.end()
    assert at == len(text)
    return found


def read_ris(text):
    """Return tag -> values of each record, by its ID."""
    found, record = {}, {}
    for line in text.splitlines():
        tag, sign, value = line[:2], line[2:6], line[6:]
        assert sign == "  - ", line
        if tag == "ER":
            found[record["ID"][0]], record = record, {}
        else:
            assert (tag == "TY") == (not record), "a record starts with its type"
            record.setdefault(tag, []).append(value)
    assert not record
    return found


def test_every_work_of_the_methods_has_its_parts_and_a_key_of_its_own():
    assert len({work.key for work in WORKS}) == len(WORKS)
    for work in METHODS:
        assert work.people
        assert all(family and given.isupper() for family, given in work.people), work
        if work.kind == "article":
            assert all((work.container, work.year, work.volume, work.pages)), work
    # a reference that is not taken apart as an article is a book
    books = [work.title for work in METHODS if work.kind == "book"]
    assert len(books) <= 2, books


def test_bibtex_read_back_gives_what_went_in():
    text = bibliography.bibtex(WORKS)
    assert text.isascii()
    found = read_bibtex(text)
    assert [*found] == [work.key for work in WORKS]
    for work in WORKS:
        fields = found[work.key]
        assert of_tex(fields["title"][1:-1]) == " ".join(work.title.split())
        assert fields.get("doi", "") == work.doi
        assert fields.get("year", "") == work.year
        assert of_tex(fields.get("journal", "")) == work.container
        people = fields.get("editor" if work.edited else "author", "").split(" and ")
        families = [of_tex(one.partition(",")[0]) for one in people if one not in ("", "others")]
        assert families == [family for family, _ in work.people]
        assert ("others" in people) == work.others
    assert found["bare"] == {
        "kind": "misc",
        "title": "{Bare}",
        "year": "2019",
        "note": "Registration: NCT01234567",
    }


def test_ris_read_back_gives_what_went_in():
    found = read_ris(bibliography.ris(WORKS))
    assert [*found] == [work.key for work in WORKS]
    for work in WORKS:
        fields = found[work.key]
        assert fields["TI"] == [" ".join(work.title.split())]
        assert "".join(fields.get("DO", [])) == work.doi
        assert "".join(fields.get("PY", [])) == work.year
        people = fields.get("ED" if work.edited else "AU", [])
        assert [one.partition(",")[0] for one in people] == [family for family, _ in work.people]
        first, last = work.first_and_last
        assert ["".join(fields.get(tag, [])) for tag in ("SP", "EP")] == [first, last]
    assert found["odd2020"]["N1"] == ["PMID: 123"]
    assert "PY" not in found["odd2020"]


def test_csl_json_read_back_gives_what_went_in():
    items = json.loads(bibliography.csl_json(WORKS))
    assert [item["id"] for item in items] == [work.key for work in WORKS]
    for item, work in zip(items, WORKS, strict=True):
        assert item["type"] in {"article-journal", "book", "document"}
        assert item["title"] == work.title
        assert item.get("DOI", "") == work.doi
        year = [[int(work.year)]] if work.year else None
        assert item.get("issued", {}).get("date-parts") == year
        people = item.get("editor" if work.edited else "author", [])
        families = [one["family"] for one in people if "family" in one]
        assert families == [family for family, _ in work.people]


@pytest.mark.parametrize(
    ("printed", "pages"),
    [
        ("932-44", ("932", "944")),
        ("98-110", ("98", "110")),
        ("1309–1312", ("1309", "1312")),
        ("e100", ("e100", "")),
    ],
)
def test_last_pages_that_are_cut_short_are_written_out(printed, pages):
    work = bibliography.Work(key="a", kind="article", title="A", pages=printed)
    assert work.first_and_last == pages
