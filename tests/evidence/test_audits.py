"""The exact interval of an audit: against R, its definition, and where nothing was reached."""

from __future__ import annotations

import math

import pytest

from ketameta.evidence.audits import audit, exact_interval
from ketameta.tables.upkeep import AuditRow

from ..rows import row


# R 4.2.2: binom.test(x, n)$conf.int
@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (1, 43, 0.000588612931593, 0.122890482701340),
        (0, 10, 0.0, 0.308497107819),
        (3, 4000, 0.000154694744658, 0.002190238662875),
        (10, 10, 0.691502892181, 1.0),
    ],
)
def test_the_interval_is_that_of_r(x, n, low, high):
    assert exact_interval(x, n) == pytest.approx((low, high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("x", "n"), [(1, 2), (5, 17), (16, 17)])
def test_at_its_ends_what_was_seen_is_as_rare_as_the_tail(x, n):
    low, high = exact_interval(x, n, 0.9)

    def chance(of, p):
        return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in of)

    assert chance(range(x, n + 1), low) == pytest.approx(0.05)
    assert chance(range(x + 1), high) == pytest.approx(0.05)
    # wrong and right change places
    assert exact_interval(n - x, n, 0.9) == pytest.approx((1 - high, 1 - low))


def test_an_audit_counts_the_rows_that_were_reached():
    found = audit(row(AuditRow, rows=45, unreached=2, wrong=1, detail=14))
    assert (found.reached, found.share) == (43, 1 / 43)
    assert (found.low, found.high) == exact_interval(1, 43)
    none = audit(row(AuditRow, rows=2, unreached=2, wrong=0))
    assert (none.reached, none.share, none.low, none.high) == (0, None, None, None)
    assert audit(row(AuditRow, rows=2, wrong=0)).reached == 2
