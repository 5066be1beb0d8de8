"""Meta-analysis of trials, from extraction table to report.

For notebooks: `read` gives the results of a run as frames of pandas, `ketameta.stats` the
statistics alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ketameta.project import snakefile as snakefile
    from ketameta.reading import read as read

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # on first use: every command imports this file, and few of them read results
    if name == "read":
        from ketameta.reading import read

        return read
    if name == "snakefile":
        from ketameta.project import snakefile

        return snakefile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "read", "snakefile"]
