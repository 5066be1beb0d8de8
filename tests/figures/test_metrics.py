"""The width table against the fonts themselves, which matplotlib carries."""

from pathlib import Path

import pytest

from ketameta.figures.metrics import _TABLES, DEJAVU, fit_text, text_width, wrap


def fonts():
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts"


@pytest.mark.parametrize(("bold", "face"), [(False, "DejaVuSans"), (True, "DejaVuSans-Bold")])
def test_no_character_is_wider_in_dejavu(bold, face):
    from fontTools.ttLib import TTFont

    font = TTFont(fonts() / "ttf" / f"{face}.ttf")
    widths, names = font["hmtx"], font.getBestCmap()
    unit = font["head"].unitsPerEm
    wrong = {
        character: (table, widths[names[ord(character)]][0] / unit * 1000 * DEJAVU)
        for character, table in _TABLES[bold].items()
        if table < widths[names[ord(character)]][0] / unit * 1000 * DEJAVU - 0.01
    }
    assert wrong == {}


@pytest.mark.parametrize(("bold", "file"), [(False, "Helvetica"), (True, "Helvetica-Bold")])
def test_no_character_is_wider_in_helvetica(bold, file):
    from fontTools.agl import AGL2UV

    wrong, seen = {}, 0
    for line in (fonts() / "pdfcorefonts" / f"{file}.afm").read_text("latin1").splitlines():
        if not line.startswith("C "):
            continue
        fields = dict(part.split(None, 1) for part in line.split(";") if part.strip())
        code = AGL2UV.get(fields["N"].strip())
        if code is not None and chr(code) in _TABLES[bold]:
            seen += 1
            if _TABLES[bold][chr(code)] < float(fields["WX"]):
                wrong[chr(code)] = fields["WX"]
    assert seen > 90
    assert wrong == {}


def test_accents_have_the_width_of_their_letter():
    assert text_width("é", 10) == text_width("e", 10) == text_width("e\u0301", 10)


@pytest.mark.parametrize("width", [1, 20, 55.5, 300])
@pytest.mark.parametrize("text", ["", "one", "one two three", "Wordthatdoesnotend " * 5, "a\nb c"])
def test_wrapping_loses_nothing_and_fits(text, width):
    lines = wrap(text, 13, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(text_width(line, 13) <= width or len(line) == 1 for line in lines)


def test_a_cut_text_ends_in_an_ellipsis_and_fits():
    cut = fit_text("a rather long label", 13, 60)
    assert cut.endswith("…")
    assert text_width(cut, 13) <= 60


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5000,
        "a word " * 900,
        "a" + "\u0301" * 5000 + " end",
        "北" * 400,
        "one\n" * 30,
        "short",
    ],
)
@pytest.mark.parametrize("width", [40.0, 210.0])
def test_a_text_of_too_many_lines_is_cut_with_a_sign(text, width):
    whole, cut = wrap(text, 13, width), wrap(text, 13, width, most=12)
    if len(whole) <= 12:
        assert cut == whole
        return
    assert len(cut) == 12
    assert cut[:11] == whole[:11]
    assert cut[-1].endswith("…")
    assert whole[11].startswith(cut[-1].removesuffix("…"))
    assert all(text_width(line, 13) <= width for line in cut)
