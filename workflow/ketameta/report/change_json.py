"""A change between two versions with every digit, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict

from ketameta.evidence.changes import Change, Move
from ketameta.evidence.edits import edits
from ketameta.evidence.rated import RecordedResult
from ketameta.report.change_words import change_summary

# how a synthesis was made is not compared
_NOT_TOLD = ("analysis", "engine", "tau2_by", "rule")


def as_json(change: Change) -> dict[str, object]:
    """Return everything with every digit, ready for JSON."""
    trials = [row for row in change.rows if row.table == "trials"]
    return {
        "old": change.old,
        "new": change.new,
        "status": change.status,
        "summary": change_summary(change),
        "trials": {
            kind: sorted(row.trial for row in trials if row.kind == kind)
            for kind in ("added", "removed", "edited")
        },
        "rows": [
            {
                "table": row.table,
                "kind": row.kind,
                "place": row.place,
                "row": row.name,
                "cells": [vars(cell) for cell in row.cells],
            }
            for row in change.rows
        ],
        "edits": [edit.name for edit in edits(change.rows)],
        "analyses": [
            {
                **_move(move),
                "causes": [vars(cause) for cause in move.causes],
                "code": _move(move.code) if move.code else None,
            }
            for move in change.moves
        ],
        "code": vars(change.code) if change.code else None,
        "claims": [vars(move) for move in change.claims],
        "notes": list(change.notes),
    }


def _move(move: Move) -> dict[str, object]:
    return {**vars(move), "old": _result(move.old), "new": _result(move.new)}


def _result(record: RecordedResult | None) -> dict[str, object] | None:
    """Return what is compared of a synthesis; how it was made is not."""
    if record is None:
        return None
    return {name: value for name, value in asdict(record).items() if name not in _NOT_TOLD}
