"""`ketameta completion`: a script for the shell, and the words that it offers at a cursor."""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ketameta.configuration import CONFIG, ConfigurationError, load

DESCRIPTION = """\
Print a script that completes commands, options, analyses and trials:

  eval "$(ketameta completion bash)"         in ~/.bashrc
  eval "$(ketameta completion zsh)"          in ~/.zshrc, after compinit
  ketameta completion fish | source          in ~/.config/fish/config.fish
"""
SCRIPTS = {
    "bash": """\
_ketameta() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done \\
    < <(ketameta completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _ketameta ketameta
""",
    "zsh": """\
_ketameta() {
  local -a found
  found=("${(@f)$(ketameta completion words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _ketameta ketameta
""",
    "fish": """\
function __ketameta_words
  set -l before (commandline -opc)
  set -e before[1]
  ketameta completion words $before (commandline -ct | string collect --allow-empty) 2>/dev/null
end
complete -c ketameta -a '(__ketameta_words)'
complete -c ketameta -n 'test (count (commandline -opc)) -eq 1' -f
complete -c ketameta -n '__fish_seen_subcommand_from explain figure completion' -f
""",
}
# what a shell would not take as it stands is not offered
_PLAIN = re.compile(r"[\w./@+-]+")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta completion` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("shell", choices=(*SCRIPTS, "words"), help="words: for the scripts alone")
    parser.add_argument("line", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def completion(given: argparse.Namespace) -> int:
    """Print the script of a shell, or the words that fit the last word of a command line."""
    if given.shell == "words":
        print(*offered(given.line), sep="\n")
    else:
        print(SCRIPTS[given.shell], end="")
    return 0


def offered(line: Sequence[str]) -> list[str]:
    """Return the words that may stand for the last one, which is begun or empty.

    Empty where a file is wanted, or nothing is known.
    """
    *words, begun = line or [""]
    before = [word for word in words if word]  # fish may give an empty one more
    found = dict.fromkeys(word for word in _candidates(before, begun) if word.startswith(begun))
    return [word for word in found if _PLAIN.fullmatch(word)]


def _candidates(before: Sequence[str], begun: str) -> Iterable[str]:
    from ketameta.cli import COMMANDS, module_of

    command = next((word for word in before if not word.startswith("-")), "")
    if not command:
        return [*COMMANDS, "--help", "--version"]
    if command not in COMMANDS:
        return []
    own = argparse.ArgumentParser()
    module_of(command).arguments(own)
    options = {word: action for action in own._actions for word in action.option_strings}
    if begun.startswith("-"):
        return options
    last = options.get(before[-1])
    if last is not None and last.nargs != 0:
        own_words = {"trial": _trials, "since": _versions}
        return own_words[last.dest]() if last.dest in own_words else map(str, last.choices or ())
    if command == "explain":
        return _named(before[before.index(command) + 1 :])
    if command == "figure":
        return _analyses()
    if command in ("diff", "compare"):
        return _versions()
    return [str(w) for a in own._actions if not a.option_strings for w in a.choices or ()]


def _named(before: Sequence[str]) -> list[str]:
    """Return analyses and trials, or those of the kind that is not named yet."""
    analyses = _analyses()
    named = [word in analyses for word in before]
    return (analyses if True not in named else []) + (_trials() if False not in named else [])


def _analyses() -> list[str]:
    try:
        return load(CONFIG).names
    except (ConfigurationError, OSError):
        return []


def _trials() -> list[str]:
    """Return the trial ids of the tables as they stand; of the last run where it is a workbook."""
    from ketameta.commands.since import NoRunError, made_rows
    from ketameta.commands.versions import RAW
    from ketameta.tables.raw import TrialRow

    for name, delimiter in (("trials.csv", ","), ("trials.tsv", "\t")):
        try:
            with Path(RAW, name).open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file, delimiter=delimiter)
                return [row["trial_id"] for row in rows if row.get("trial_id")]
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
    try:
        return [row.trial_id for row in made_rows(TrialRow)]
    except NoRunError:
        return []


def _versions() -> list[str]:
    """Return the names of branches and tags, and those of releases."""
    from ketameta.commands.revisions import DiffError, git
    from ketameta.commands.versions import VERSIONS

    try:
        said = git("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags") or b""
    except DiffError:
        said = b""
    releases = sorted(path.stem for path in Path(VERSIONS).glob("*.json"))
    return [*said.decode(errors="replace").split(), "HEAD", *releases]
