"""Meta-analysis of ketamine and esketamine trials, from extraction table to report."""

__version__ = "0.1.0"
