"""Whole files spoilt: encodings, shapes, headers, rows; each gives one message at its place."""

# ruff: noqa: E501 - a case is a line of a table

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Case:
    """What is done to the folder, where the one message stands, and what it says."""

    name: str
    spoil: Callable[..., object]
    place: str
    says: str
    expect: str = "error"


def encoded(encoding: str) -> Callable[..., object]:
    return lambda f: f.write("trials", f.text("trials").encode(encoding))


def bytes_of(table: str, change: Callable[[bytes], bytes]) -> Callable[..., object]:
    return lambda f: f.write(table, change(f.text(table).encode()))


def header(table: str, old: str, new: str) -> Callable[..., object]:
    return lambda f: f.replace(table, old, new, 1)


def archive(f) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", f.text("trials"))
    f.write("trials", out.getvalue())


def sparse(size: int) -> Callable[..., object]:
    def spoil(f) -> None:
        with (f / "trials.csv").open("r+b") as file:
            file.truncate(size)

    return spoil


def instead(f, make: Callable[[object], object]) -> None:
    (f / "trials.csv").unlink()
    make(f / "trials.csv")


def rows(table: str, change: Callable[[list[list[str]]], object]) -> Callable[..., object]:
    def spoil(f) -> None:
        cells = f.rows(table)[1]
        f.put_rows(table, change(cells) or cells)

    return spoil


def twin(f) -> None:
    (f / "arms.tsv").write_text(f.text("arms").replace(",", "\t"))


def tsv(f, text: str | None = None) -> None:
    (f / "arms.tsv").write_text(text or f.text("arms").replace(",", "\t"))
    (f / "arms.csv").unlink()


def separated(mark: str, above: str = "") -> Callable[..., object]:
    """Write the arms with another mark between cells, quotes where they are needed."""

    def spoil(f) -> None:
        out = io.StringIO()
        csv.writer(out, delimiter=mark, lineterminator="\n").writerows(f.rows("arms")[1])
        f.write("arms", above + out.getvalue())

    return spoil


def conflict(f) -> None:
    ours, theirs = "evans2021,ketamine,ketamine", "evans2021,ketamine,esketamine"
    line = next(li for li in f.text("arms").splitlines() if li.startswith(ours))
    both = f"<<<<<<< HEAD\n{line}\n=======\n{line.replace(ours, theirs)}\n>>>>>>> theirs"
    f.replace("arms", line, both)


# `outcomes` refers to trials and arms: faults there must not make faults here
ENCODINGS = [
    Case("latin-1", encoded("latin-1"), "trials.csv:4 column country", "byte 0xd6 is not UTF-8 ('Ö' in Windows-1252); save the file as CSV UTF-8"),
    Case("cp1252", encoded("cp1252"), "trials.csv:4 column country", "byte 0xd6 is not UTF-8"),
    Case("mac roman", encoded("mac-roman"), "trials.csv:4 column country", "byte 0x85 is not UTF-8"),
    Case("utf-16 with mark", encoded("utf-16"), "trials.csv:1", "is UTF-16; save it as CSV UTF-8"),
    Case("utf-16 without mark", encoded("utf-16-le"), "trials.csv:1", "is UTF-16"),
    Case("utf-16, high byte first", encoded("utf-16-be"), "trials.csv:1", "is UTF-16"),
    Case("utf-32", encoded("utf-32"), "trials.csv:1", "is UTF-16"),
    Case("half a character", bytes_of("trials", lambda b: b[:-1] + b"\xc3\n"), "trials.csv:6 column source_url", "byte 0xc3 is not UTF-8"),
    Case("byte order mark", bytes_of("trials", lambda b: b"\xef\xbb\xbf" + b), "trials.csv:1", "starts with a byte order mark, which is left out", "note"),
    Case("Windows line ends", bytes_of("outcomes", lambda b: b.replace(b"\n", b"\r\n")), "outcomes.csv:1", "has Windows line ends, read as line ends", "note"),
    Case("old Macintosh line ends", bytes_of("outcomes", lambda b: b.replace(b"\n", b"\r")), "outcomes.csv:1", "has line ends of the old Macintosh, read as line ends", "note"),
    Case("one carriage return as line end", bytes_of("arms", lambda b: b.replace(b"31,,\n", b"31,,\r", 1)), "arms.csv:2", "a carriage return stands alone; save with line ends of one kind"),
    Case("carriage return inside quotes", header("outcomes", '"two lines\n', '"two lines\r'), "outcomes.csv:7 column note", "holds a control character (U+000D)"),
    Case("NUL at the end", bytes_of("claims", lambda b: b + b"\0"), "claims.csv:4", "has 1 cell; the header has 10"),
]  # fmt: skip
NOT_TEXT = [
    Case("a workbook", archive, "trials.csv:1", "is a workbook or archive, not text; save it as CSV UTF-8"),
    Case("an old workbook", lambda f: f.write("arms", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500)), "arms.csv:1", "is a workbook of old Excel"),
    Case("gzip", lambda f: f.write("trials", gzip.compress(f.text("trials").encode())), "trials.csv:1", "is compressed with gzip"),
    Case("a PDF", lambda f: f.write("trials", b"%PDF-1.7\n"), "trials.csv:1", "is a PDF"),
    Case("Parquet", lambda f: f.write("trials", b"PAR1\x15\x04"), "trials.csv:1", "is a Parquet file"),
    Case("rich text", lambda f: f.write("trials", b"{\\rtf1\\ansi}"), "trials.csv:1", "is rich text"),
    Case("a web page", lambda f: f.write("trials", b"\n<!DOCTYPE html><title>Sign in</title>"), "trials.csv:1", "is a web page, not a table"),
    Case("a review of RevMan 5", lambda f: f.write("trials", b"\xef\xbb\xbf" + b'<?xml version="1.0"?>\n<COCHRANE_REVIEW ID="1"/>'), "trials.csv:1", "is a review of RevMan 5 (.rm5), not a table; open it in RevMan and export the data rows"),
    Case("XML of old Excel", lambda f: f.write("trials", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'), "trials.csv:1", "is an XML spreadsheet of old Excel"),
    Case("a pointer of Git LFS", lambda f: f.write("trials", b"version https://git-lfs.github.com/spec/v1\n"), "trials.csv:1", "is a pointer of Git LFS"),
    Case("a picture", lambda f: f.write("trials", b"\x89PNG\r\n\x1a\n\xff\xff"), "trials.csv:1", "is a picture, not text"),
    Case("bytes at random", lambda f: f.write("trials", bytes(range(1, 256))), "trials.csv:1", "names no column of this table"),
    Case("more than 50 MB", sparse(50_000_001), "trials.csv", "holds 50,000,001 bytes; at most 50,000,000 are read"),
    Case("20 GB", sparse(20_000_000_000), "trials.csv", "holds 20,000,000,000 bytes"),
    Case("a cell of 100 MB", lambda f: f.replace("outcomes", "two lines", "x" * 100_000_000), "outcomes.csv", "at most 50,000,000 are read"),
    Case("a cell of 5 MB", lambda f: f.replace("outcomes", "two lines", "x" * 5_000_000), "outcomes.csv:7", "a cell runs on for more than 131,072 characters"),
    Case("a cell of 20,001 characters", lambda f: f.put("outcomes", 4, "note", "n" * 20_001), "outcomes.csv:4 column note", "holds 20,001 characters; at most 20,000 are read"),
    Case("a key of 20,001 characters", lambda f: f.put("arms", 3, "arm_id", "n" * 20_001), "arms.csv:3 column arm_id", "holds 20,001 characters"),
    Case("a word of 10,000 characters", lambda f: f.put("outcomes", 4, "seen", "direct" * 1667), "outcomes.csv:4 column seen", "is not a word of the list seen"),
    Case("an identifier of 10,000 characters", lambda f: f.put("arms", 3, "arm_id", "saline" * 1667), "arms.csv:3 column arm_id", "is not an identifier"),
    Case("10,000 digits", lambda f: f.put("outcomes", 4, "mean", "1" * 10_000), "outcomes.csv:4 column mean", "is not a number"),
    Case("a DOI of 10,000 characters", lambda f: f.put("trials", 2, "doi", "10 " * 3334), "trials.csv:2 column doi", "is not a DOI"),
]  # fmt: skip
PLACES = [
    Case("a missing file", lambda f: (f / "arms.csv").unlink(), "arms.csv", "the file is missing"),
    Case("a file by another name", lambda f: (f / "outcomes.csv").rename(f / "outcome.csv"), "outcomes.csv", "the file is missing; there is 'outcome.csv'"),
    Case("a file in upper case", lambda f: (f / "arms.csv").rename(f / "Arms.CSV"), "arms.csv", "the file is missing; there is 'Arms.CSV'"),
    Case("a workbook beside", lambda f: (f / "claims.csv").rename(f / "claims.xlsx"), "claims.csv", "the file is missing; there is 'claims.xlsx': if that is it, it must be saved as CSV UTF-8, as claims.csv"),
    Case("a file as Google Sheets names it", lambda f: (f / "outcomes.csv").rename(f / "Extraction - outcomes.csv"), "outcomes.csv", "there is 'Extraction - outcomes.csv': if that is it, it must be called outcomes.csv"),
    Case("a second download", lambda f: (f / "risk_of_bias.csv").rename(f / "Risk of bias (1).csv"), "risk_of_bias.csv", "there is 'Risk of bias (1).csv': if that is it"),
    Case("a workbook that is not read", lambda f: (f / "Tables.xlsx").write_bytes(b""), "Tables.xlsx", "is not read: the tables are read from files of their own", "note"),
    Case("a file of Excel's own", lambda f: (f / "~$tables.xlsx").write_bytes(b""), "", "", "nothing"),
    Case("notes beside", lambda f: (f / "notes.txt").write_text("mine"), "", "", "nothing"),
    Case("a folder called trials.csv", lambda f: instead(f, lambda p: p.mkdir()), "trials.csv", "is a folder, not a file"),
    Case("a link to nowhere", lambda f: instead(f, lambda p: p.symlink_to("nowhere")), "trials.csv", "cannot be read: No such file or directory"),
    Case("a link to itself", lambda f: instead(f, lambda p: p.symlink_to("trials.csv")), "trials.csv", "cannot be read: "),
    Case("a pipe", lambda f: instead(f, os.mkfifo), "trials.csv", "is not a regular file"),
    Case("a device", lambda f: instead(f, lambda p: p.symlink_to("/dev/zero")), "trials.csv", "is not a regular file"),
    Case("a TSV twin", twin, "arms.tsv", "stands beside arms.csv, which is read; keep one of the two"),
    Case("commas in a TSV", lambda f: tsv(f, f.text("arms")), "arms.tsv:1", "has commas between its cells; tabs are needed"),
    Case("tabs in a CSV", lambda f: f.write("arms", f.text("arms").replace(",", "\t")), "arms.csv:1", "has tabs between its cells; commas are needed, or a name that ends in .tsv"),
    Case("bars in a CSV", separated("|"), "arms.csv:1", "has bars between its cells; commas are needed"),
    Case("semicolons in a CSV", separated(";"), "arms.csv:1", "semicolons are read as what stands between cells", "note"),
    Case("Excel's line of separators", separated(",", "sep=,\n"), "arms.csv:1", "the line sep= is left out", "note"),
    Case("a line of separators and nothing else", lambda f: f.write("claims", "sep=;\n"), "claims.csv:1", "is empty; its first line must be claim_id"),
]  # fmt: skip
HEADERS = [
    Case("an empty file", lambda f: f.write("trials", ""), "trials.csv:1", "is empty; its first line must be trial_id,label,year"),
    Case("a line end alone", lambda f: f.write("trials", "\n\n\n"), "trials.csv:1", "is empty"),
    Case("no header", lambda f: f.write("arms", f.text("arms").partition("\n")[2]), "arms.csv:1", "the first line names no column"),
    Case("an empty line above the header", lambda f: f.write("arms", "\n" + f.text("arms")), "arms.csv:1", "is empty; its first line must be"),
    Case("a header alone, and nothing refers to it", lambda f: f.write("claims", f.text("claims").partition("\n")[0] + "\n"), "claims.csv:1", "has no row below the header", "note"),
    Case("a header alone, and rows refer to it", lambda f: f.write("trials", f.text("trials").partition("\n")[0]), "trials.csv:1", "has no row below the header, but others refer to it (first arms.csv:2)"),
    Case("an unclosed quote in the header", header("arms", "arm_id", '"arm_id'), "arms.csv:1", "a quote opens in this row and is never closed"),
    Case("a column twice", lambda f: f.write("arms", f.text("arms").replace("\n", ",\n").replace("source_url,", "source_url,route", 1)), "arms.csv:1 column route", "stands 2 times in the header"),
    Case("a key column twice", rows("arms", lambda t: [[*r, r[1]] for r in t]), "arms.csv:1 column arm_id", "stands 2 times in the header"),
    Case("a column too many", rows("arms", lambda t: [[*r, "x" if i else "comment"] for i, r in enumerate(t)]), "arms.csv:1 column comment", "'comment' is not a column of this table; nearest: cotreatment, treatment, dose_unit; the name of a column of your own starts with x_"),
    Case("a column of one's own", rows("arms", lambda t: [[*r, "x" if i else "x_comment"] for i, r in enumerate(t)]), "arms.csv:1", "left out, as column of your own: x_comment", "note"),
    Case("a column of one's own twice", rows("arms", lambda t: [[*r, *("ab" if i else ["x_c", "x_c"])] for i, r in enumerate(t)]), "arms.csv:1 column x_c", "stands 2 times in the header"),
    Case("a misspelt column that looks like one's own", header("outcomes", "events", "X events"), "outcomes.csv:1 column X events", "'X events' is not a column of this table; nearest: events"),
    Case("a column in other case", header("outcomes", "timepoint_h", "Timepoint_h"), "outcomes.csv:1 column Timepoint_h", "'Timepoint_h' is not a column of this table; nearest: timepoint_h"),
    Case("a misspelt column", header("outcomes", "events", "evnts"), "outcomes.csv:1 column evnts", "'evnts' is not a column of this table; nearest: events"),
    Case("a misspelt key column", header("trials", "trial_id", "trial"), "trials.csv:1 column trial", "'trial' is not a column of this table; nearest: trial_id"),
    Case("a column left out", rows("arms", lambda t: [r[:4] + r[5:] for r in t]), "arms.csv:1 column arm_label", "the column is missing from the header"),
    Case("a key column left out", rows("arms", lambda t: [r[:1] + r[2:] for r in t]), "arms.csv:1 column arm_id", "the column is missing from the header"),
    Case("a required column left out", rows("outcomes", lambda t: [r[:2] + r[3:] for r in t]), "outcomes.csv:1 column outcome", "the column is missing from the header"),
    Case("a nameless column with cells", rows("arms", lambda t: [[*r, "x" if i else ""] for i, r in enumerate(t)]), "arms.csv:1", "column 13 has no name, but cells (line 2)"),
    Case("nameless columns without cells", rows("arms", lambda t: [[*r, "", ""] for r in t]), "arms.csv:1", "2 columns without name or content left out", "note"),
    Case("a name of 10,000 characters", rows("arms", lambda t: [[*r, "name" * 2500 if not i else ""] for i, r in enumerate(t)]), "arms.csv:1 column " + "name" * 20, "is not a column of this table"),
    Case("control characters in a name", header("arms", "arm_label", "arm_\x1blabel"), "arms.csv:1 column arm_\\x1blabel", "'arm_\\x1blabel' is not a column of this table; nearest: arm_label"),
]  # fmt: skip
ROWS = [
    Case("a cell too many", header("arms", "adams2011,saline,saline,", "adams2011,saline,saline,,"), "arms.csv:3", "has 13 cells; the header has 12; is a cell with a comma not in quotes?"),
    Case("a comma without quotes", header("arms", "ketamine 0.5 mg/kg", "ketamine, 0.5 mg/kg"), "arms.csv:2", "is a cell with a comma not in quotes?"),
    Case("a cell too few", header("arms", "adams2011,saline,saline,,", "adams2011,saline,saline,"), "arms.csv:3", "has 11 cells; the header has 12; is a line broken in two?"),
    Case("a line broken in two", header("arms", "ketamine 0.5", "ketamine\n0.5"), "arms.csv:2", "has 5 cells; the header has 12; is a line broken in two?"),
    Case("text after the last row", lambda f: f.write("claims", f.text("claims") + "Source: our own search\n"), "claims.csv:4", "has 1 cell; the header has 10"),
    Case("a quote never closed", header("arms", ",ketamine 0.5 mg/kg,", ',"ketamine 0.5 mg/kg,'), "arms.csv:2", "a quote opens in this row and is never closed"),
    Case("a quote never closed, and others below", header("outcomes", "depression_score,MADRS,,24", 'depression_score,"MADRS,,24'), "outcomes.csv:4", "text follows a closing quote"),
    Case("a quote that swallows a row", lambda f: [f.put("arms", 2, "cotreatment", "x"), f.put("arms", 4, "cotreatment", "y"), f.replace("arms", ",x,", ',"x,'), f.replace("arms", ",y,", ',y",')], "arms.csv:2", "a cell takes 3 lines, commas and all; is a quote not closed?"),
    Case("a quote closed in another column below", lambda f: [f.put("arms", 2, "cotreatment", "x"), f.put("arms", 4, "dose", "0.5y"), f.replace("arms", ",x,", ',"x,'), f.replace("arms", ",0.5y,", ',0.5y",')], "arms.csv:2", "has 10 cells; the header has 12; is a quote not closed?"),
    Case("text after a closing quote", header("outcomes", '"two lines\nof a note"', '"two" lines'), "outcomes.csv:7", "text follows a closing quote; inside quotes a quote is written twice"),
    Case("a quote closed in another row", header("outcomes", "672,30,4,", '672,30,4,"'), "outcomes.csv:6", "text follows a closing quote"),
    Case("a merge conflict", conflict, "arms.csv:12", "a merge conflict of Git is left in the table"),
    Case("a row twice", lambda f: f.write("outcomes", f.text("outcomes") + f.text("outcomes").splitlines()[1] + "\n"), "outcomes.csv:18", "the row repeats line 2 in every cell"),
    Case("a trial twice", lambda f: f.write("trials", f.text("trials") + f.text("trials").splitlines()[2]), "trials.csv:7 column trial_id", "the row repeats line 3 in trial_id"),
    Case("a trial twice, in other case", lambda f: f.write("trials", f.text("trials") + f.text("trials").splitlines()[2].replace("baker2014", "Baker2014")), "trials.csv:7 column trial_id", "the row repeats line 3 in trial_id, upper and lower case apart"),
    Case("an arm twice", lambda f: f.write("arms", f.text("arms") + "adams2011,saline,saline" + 9 * "," + "\n"), "arms.csv:14 column arm_id", "the row repeats line 3 in trial_id and arm_id"),
    Case("a circle of three", lambda f: [f.put("trials", 2, "part_of", "clark2016"), f.put("trials", 4, "part_of", "davis2019")], "trials.csv:2 column part_of", "a circle: adams2011 is part of clark2016 is part of davis2019 is part of adams2011"),
    Case("a circle that others lead to", lambda f: [f.put("trials", 2, "part_of", "baker2014"), f.put("trials", 3, "part_of", "adams2011"), f.put("trials", 6, "part_of", "davis2019")], "trials.csv:2 column part_of", "a circle: adams2011 is part of baker2014 is part of adams2011"),
    Case("a circle of pools", lambda f: [f.put("arms", 5, "pooled_arms", "ketamine_any"), f.put("contrasts", 4, "arm_t", "ketamine_0.5")], "arms.csv:5 column pooled_arms", "a circle: ketamine_1 is pooled from ketamine_any is pooled from ketamine_1"),
    Case("rows of commas at the end", lambda f: f.write("arms", f.text("arms") + 3 * (11 * "," + "\n")), "", "", "nothing"),
    Case("no line end at the end", lambda f: f.write("arms", f.text("arms").rstrip("\n")), "", "", "nothing"),
    Case("columns in another order", rows("outcomes", lambda t: [r[::-1] for r in t]), "", "", "nothing"),
    Case("every cell in quotes", lambda f: f.write("arms", "\n".join(",".join(f'"{c}"' for c in li.split(",")) for li in f.text("arms").splitlines())), "", "", "nothing"),
    Case("blanks around every cell", lambda f: f.write("arms", f.text("arms").replace(",", " , ")), "", "", "nothing"),
    Case("a table as TSV", tsv, "", "", "nothing"),
]  # fmt: skip
CASES = [*ENCODINGS, *NOT_TEXT, *PLACES, *HEADERS, *ROWS]


def test_every_case_has_its_own_name() -> None:
    assert [n for n, count in Counter(case.name for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_fault_of_a_file_gives_one_message_at_its_place(folder, case: Case) -> None:
    case.spoil(folder)
    said = folder.check()
    found = {"error": said.errors, "warning": said.warnings, "note": said.notes}
    wanted = {kind: int(kind == case.expect) for kind in found}
    assert {kind: len(lines) for kind, lines in found.items()} == wanted, found
    if case.expect != "nothing":
        assert found[case.expect][0].startswith(case.place)
        # the place ends where it is said to end: a column only where one is named
        assert found[case.expect][0][len(case.place) :][:1] in (":", "l", "a")
        assert case.says in found[case.expect][0]
    assert said.status == (case.expect == "error")
