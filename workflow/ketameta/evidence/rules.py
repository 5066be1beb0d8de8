"""Every rule of certainty by its name, domain by domain: what a page lists of them."""

from __future__ import annotations

from ketameta.evidence import agreement, bias, missing, precision
from ketameta.evidence.ratings import CertaintyRule

RULES = {
    rule.name: rule
    for domain in (bias, agreement, precision, missing)
    for rule in vars(domain).values()
    if isinstance(rule, CertaintyRule)
}
