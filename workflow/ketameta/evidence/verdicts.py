"""What the interval of an analysis says, in one word of the list verdicts."""

from __future__ import annotations

from ketameta.evidence.rated import RecordedResult
from ketameta.measures import MEASURES
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SynthesisRow

TREATMENT, CONTROL, UNCLEAR = "favours treatment", "favours control", "no clear difference"
ALONE, TOO_FEW, NO_TRIAL = "no comparison", "too few trials", "no trial"


def position(record: Estimate | RecordedResult | None) -> str | None:
    """Say where the interval lies: above, below, or around no effect.

    None where there is no interval, or no such thing as no effect.
    """
    if record is None:
        return None
    null, low, high = MEASURES[record.measure].null, record.ci_low, record.ci_high
    if null is None or low is None or high is None:
        return None
    return "above" if low > null else "below" if high < null else "around"


def verdict(record: SynthesisRow | RecordedResult) -> str:
    """Return the verdict of an analysis: which side its interval favours, or why there is none.

    Which side is better for people is in `favours`. Nothing is said of size or certainty.
    """
    if record.k == 0:
        return NO_TRIAL
    if record.estimate is None:
        return TOO_FEW
    if not MEASURES[record.measure].compares:
        return ALONE
    where = position(record)
    if where not in ("above", "below"):
        return UNCLEAR
    return TREATMENT if where == record.favours else CONTROL
