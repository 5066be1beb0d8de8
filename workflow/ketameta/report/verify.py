"""An R script that holds the effect sizes and refits every analysis in metafor."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ketameta.configuration import Analysis, Configuration
from ketameta.report.wording_method import rule_used
from ketameta.synthesize.scales import TRANSFORMED

Record = dict[str, Any]
HEAD = Path(__file__).parent / "verify_head.R"
_TESTS = {"Wald": "z", "HKSJ": "knha", "floored HKSJ": "adhoc"}
_BOUNDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
_PLAIN = ("se", "tau2", "tau2_low", "tau2_high", "i2", "i2_low", "i2_high", "q", "q_p")
_SIDES = tuple(f"{rule}_{end}" for rule in ("wald", "hksj", "floored") for end in ("low", "high"))
_TAIL = """
cat(sprintf("\\n%d numbers compared, %d differ\\n", compared, wrong))
if (unfitted > 0) cat(sprintf("fits that metafor gave up: %d, named above\\n", unfitted))
quit(status = if (wrong > 0) 1 else 0)
"""


def verify_script(
    tables: dict[str, list[Record]], configuration: Configuration, data_hash: str
) -> str:
    """Return the script: helpers, one call an analysis, and the exit status."""
    parts = [HEAD.read_text(encoding="utf-8"), f'cat("data hash {data_hash}\\n\\n")\n']
    records = {row["analysis"]: row for row in tables["syntheses"]}
    for analysis in configuration:
        studies = [s for s in tables["studies"] if s["analysis"] == analysis.name]
        parts.append(_call(analysis, records[analysis.name], studies))
        parts.append(_counts(analysis, studies))
    return "".join(parts) + _TAIL


def _call(analysis: Analysis, record: Record, studies: list[Record]) -> str:
    if record["estimate"] is None:
        return f'cat("{analysis.name}: nothing pooled\\n")\n'
    shared = {
        "name": _text(analysis.name),
        "yi": _vector([s["yi"] for s in studies]),
        "vi": _vector([s["vi"] for s in studies]),
        "level": _number(analysis.model.level),
    }
    ours = {"ours": _ours(record)}
    if len(studies) == 1:
        return _r("one_trial", shared | ours)
    if any(s["shared"] is not None for s in studies):
        levels = {
            "shared": _vector([s["shared"] or 0.0 for s in studies]),
            "trial": _texts([s["trial_id"] for s in studies]),
        }
        return _r("three_levels", shared | levels | ours)
    model = {
        "method": _text(analysis.model.tau2),
        "prediction": _text(analysis.model.prediction),
    }
    if record["model"].startswith("binomial"):
        people = {
            "xi": _vector([s["events_t"] for s in studies]),
            "ni": _vector([s["n_t"] for s in studies]),
        }
        return _r("proportions", shared | people | model | ours)
    model["test"] = _text(_TESTS[rule_used(record)])
    if record["between_q"] is not None:
        model["groups"] = _texts([s["subgroup"] for s in studies])
    return _r("normal_normal", shared | model | ours)


def _counts(analysis: Analysis, studies: list[Record]) -> str:
    """Recompute effect sizes where two parallel arms are reported as counts, nothing assumed."""
    measure = analysis.select.measure
    plain = [
        s
        for s in studies
        if s["design"] == "parallel"
        and not s["assumptions"]
        and None not in (s["events_t"], s["events_c"], s["n_t"], s["n_c"])
    ]
    if measure not in ("RR", "OR") or not plain:
        return ""
    names = {"ai": "events_t", "n1i": "n_t", "ci": "events_c", "n2i": "n_c", "yi": "yi", "vi": "vi"}
    columns = {r: _vector([s[own] for s in plain]) for r, own in names.items()}
    head = {"name": _text(f"{analysis.name}, trials"), "measure": _text(measure)}
    return _r("counts", head | columns)


def _ours(record: Record) -> str:
    """Return our numbers on the analysis scale as a named vector."""
    log = "_log" if record["measure"] in TRANSFORMED else ""
    values = {name: record[name + log] for name in _BOUNDS}
    values |= {name: record[name] for name in (*_PLAIN, *_SIDES, "between_q", "between_p")}
    return "c(" + ", ".join(f"{n} = {_number(v)}" for n, v in values.items()) + ")"


def _r(function: str, arguments: dict[str, str]) -> str:
    inner = ",\n  ".join(f"{name} = {value}" for name, value in arguments.items())
    return f"{function}(\n  {inner}\n)\n"


def _number(value: float | None) -> str:
    return "NA" if value is None or math.isnan(value) else repr(float(value)).replace("inf", "Inf")


def _vector(values: Sequence[float | None]) -> str:
    return "c(" + ", ".join(_number(value) for value in values) + ")"


def _text(value: str) -> str:
    """Write a text as an R string: JSON's escapes of quotes and backslashes are R's too."""
    return json.dumps(value, ensure_ascii=True)


def _texts(values: Sequence[str]) -> str:
    return "c(" + ", ".join(_text(value) for value in values) + ")"
