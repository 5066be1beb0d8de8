"""Printed p-values, also every one that stands in the extraction tables."""

import csv
from pathlib import Path

import pytest

from ketameta.normalize.conversions import ConversionError, parse_p

CONTRASTS = Path(__file__).parents[1] / "tables" / "contrasts.csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.006", (0.006, "=")),
        (".02", (0.02, "=")),
        ("0.02 (adjusted 0.14)", (0.02, "=")),
        ("<0.001", (0.001, "<")),
        ("<.001", (0.001, "<")),
        ("< .05", (0.05, "<")),
        ("≤0.05", (0.05, "<")),
        ("<=0.05", (0.05, "<")),
        (">0.99", (0.99, ">")),
        ("≥ 0.2", (0.2, ">")),
        (">=0.2", (0.2, ">")),
        ("P = .03", (0.03, "=")),
        ("p<.001", (0.001, "<")),
        ("p-value = 0.4", (0.4, "=")),
        ("1.7e-5", (1.7e-5, "=")),
        ("1", (1.0, "=")),
        ("NS", (None, "")),
        ("n.s.", (None, "")),
        ("not significant", (None, "")),
        ("", (None, "")),
        ("  ", (None, "")),
    ],
)
def test_printed_p_values_are_read(text, expected):
    assert parse_p(text) == expected


@pytest.mark.parametrize(
    "text",
    ["0.000", "<0", "1.2", ">1.5", "0,03", "significant", "0.02 0.14", "-0.02", "<<0.05", "."],
)
def test_what_is_no_p_value_is_refused(text):
    with pytest.raises(ConversionError):
        parse_p(text)


def test_every_p_value_of_the_extraction_table_is_read():
    with CONTRASTS.open(encoding="utf-8", newline="") as lines:
        texts = [row["p_value"] for row in csv.DictReader(lines)]
    relations = [parse_p(text)[1] for text in texts]
    assert len(texts) > 100
    assert {"=", "<", ">", ""} <= {*relations}
    assert all(relation for text, relation in zip(texts, relations, strict=True) if text[:1] == "0")
