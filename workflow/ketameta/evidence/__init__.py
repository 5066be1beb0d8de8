"""What the syntheses mean: certainty, verdicts, claims; change between versions, releases."""
