"""From what trials report to effect sizes, with every step and every unused row on record."""
