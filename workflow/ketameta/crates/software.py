"""The packages that are installed here, beside those that a lock file names."""

from __future__ import annotations

import platform
import re

PYTHON = "python"
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ ;\\]+)", re.M)


def locked(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package in the text of a lock: one for each Python may stand."""
    found: dict[str, set[str]] = {}
    for name, version in _LOCKED.findall(lock):
        found.setdefault(name.lower(), set()).add(version)
    return found


def installed(lock: str) -> dict[str, str]:
    """Return the version of Python and of each package of a lock that is installed here, sorted."""
    from importlib.metadata import PackageNotFoundError, version

    found = {PYTHON: platform.python_version()}
    for name in sorted(locked(lock)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def not_as_locked(lock: str) -> list[str]:
    """Name what is installed here in another version than a lock has: `numpy 2.1 (lock: 2.3)`."""
    wanted = locked(lock)
    return [
        f"{name} {version} (lock: {' or '.join(sorted(wanted[name]))})"
        for name, version in installed(lock).items()
        if name != PYTHON and version not in wanted[name]
    ]


def unlike(recorded: dict[str, str], lock: str) -> list[str]:
    """Name what is installed here in another version than recorded, or not at all."""
    here = installed(lock)
    return [
        f"{name} {here.get(name, 'not installed')} (of the release: {version})"
        for name, version in sorted(recorded.items())
        if here.get(name) != version
    ]
