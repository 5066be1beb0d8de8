"""The command line for people: which commands there are; each module has its own options."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ketameta import __version__
from ketameta.documents.files import ConfigurationError
from ketameta.project import NO_PROJECT, PACKAGE, project_of

DESCRIPTION = """\
Meta-analysis of trials, from extraction table to report.

  ketameta init FOLDER      a new review that runs at once, on a subject of yours
  ketameta check            are the tables in data/raw/ in order? every fault, with its place
  ketameta run              bring the report up to date; says what runs and why
  ketameta explain ANALYSIS TRIAL
                            where a number came from, down to the raw cells
  ketameta diff             what changed since the last commit, and which estimate moved for it
  ketameta compare data/raw second
                            where two extractions differ, and which difference matters
  ketameta pool FILE.csv --measure RR
                            pool any table of effects, counts or means
  ketameta convert data/raw tables.xlsx
                            edit the tables in Excel; the same command takes them back
"""
EPILOG = """\
Exit status: 0 in order, 1 faults in data or configuration, 2 wrong use of this command;
of diff also 10 an estimate, certainty or verdict moved, 11 a conclusion flipped;
of compare also 10 the two differ.
`ketameta COMMAND --help` tells more of each.
"""
# a module of `commands` each, with two functions: `arguments`, and one of the command's name, which
# has _ where that has -
COMMANDS = {
    "init": "make a new review that runs at once",
    "check": "check the raw tables",
    "run": "bring the report up to date",
    "explain": "where a number came from",
    "figure": "a figure for a journal, in its layout, width and type",
    "template": "empty tables to fill",
    "convert": "tables between CSV, TSV and Excel; from RevMan",
    "pool": "pool any table",
    "reproduce": "a published review computed again",
    "library": "a folder of reviews, read and pooled whole",
    "diff": "what changed between two versions",
    "compare": "two extractions of the same trials, and which difference matters",
    "merge": "one set of tables of two, as decided; corrections",
    "export": "results with their forest plots as a Word document",
    "trust": "forms to assess the trustworthiness of the trials",
    "release": "record what these tables give, and write it to be cited",
    "reproduce-release": "every byte of a release made again",
    "completion": "completion for bash, zsh and fish",
}
# these are of a project, in whichever of its folders they are typed; `diff` takes folders and files
_IN_PROJECT = ("run", "explain", "figure", "export", "trust", "release", "diff")
# run with the folder of a package and the words of a command line
_THERE = (
    "import sys; sys.path[0] = sys.argv.pop(1); "
    "from ketameta.cli import main; sys.exit(main(sys.argv[1:]))"
)


def module_of(command: str) -> ModuleType:
    """Return the module of a command."""
    return import_module(f"ketameta.commands.{command.replace('-', '_')}")


def parser(*commands: str) -> argparse.ArgumentParser:
    """Return the parser; options are known of the named commands, or of all where none is named.

    Only the command that runs is imported: start-up is most of what a user waits for.
    """
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="ketameta", description=DESCRIPTION, epilog=EPILOG, formatter_class=raw
    )
    top.add_argument("--version", action="version", version=f"ketameta {__version__}")
    added = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, said in COMMANDS.items():
        own = added.add_parser(name, help=said, formatter_class=raw)
        if name in commands or not commands:
            module = module_of(name)
            module.arguments(own)
            own.set_defaults(do=getattr(module, name.replace("-", "_")))
    return top


def _go_on_there(words: Sequence[str]) -> None:
    """Go on as the package of the project that this stands in, where it has one of its own.

    So its numbers are those of its code, whichever `ketameta` is typed.
    """
    root = project_of(Path.cwd())
    own = root / "workflow" / "ketameta" if root else PACKAGE
    if not (own / "__init__.py").is_file() or own.samefile(PACKAGE):
        return
    text = (own / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"', text, re.M)
    version = found[1] if found else "unknown"
    if version != __version__:
        said = f"this project has ketameta {version}, used in place of the installed {__version__}"
        print(said, file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, "-c", _THERE, str(own.parent), *words])


def _go_to_project(command: str) -> bool:
    """Go to the folder of the project that this stands in; say so and return False without one."""
    root = project_of(Path.cwd())
    if root is None:
        print(NO_PROJECT, file=sys.stderr)
    elif command != "diff":
        os.chdir(root)
    elif not root.samefile(Path.cwd()):
        print("diff takes folders as seen from that of the project: run it there", file=sys.stderr)
        return False
    return root is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of another encoding gets escapes
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    if arguments is None:
        _go_on_there(words)
    # no option of the top takes a value: the first other word is the command
    asked = next((word for word in words if not word.startswith("-")), "")
    if not words:
        parser("").print_help()
        return 0
    given = parser(asked).parse_args(words)
    if given.command in _IN_PROJECT and not _go_to_project(given.command):
        return 2
    try:
        status: int = given.do(given)
        return status
    except ConfigurationError as error:
        # of words that no command can do without: whichever asks first is told
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
