"""The report as one thing: what the stage yields one after the other, by path."""

from ketameta.report import stage
from ketameta.tables.collection import Tables

from ..rows import tables_of


def report(tables, configuration, releases=()):
    """Return the content of every file of the report, by its path below reports/."""
    found = tables if isinstance(tables, Tables) else tables_of(tables)
    files = [*stage.report(found, configuration, releases)]
    assert len({path for path, _ in files}) == len(files), "a file is made twice"
    return {path: _read(path, content) for path, content in files}


def _read(path, content):
    written = isinstance(content, bytes) and path.endswith((".html", ".csv"))
    return content.decode() if written else content
