"""List the licence of every package in the two lock files, from what is installed.

Prints a table; exit status 1 where a licence is not known or not on the list of those that a
programme under the MIT licence may depend on, or where a version is not that of the lock.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

LOCKS = [Path(__file__).parents[1] / f"requirements{which}.lock" for which in ("", "-dev")]

# classifier or free text -> SPDX; only where the metadata have no SPDX expression
WORDS = (
    (r"apache.*(2\.0)?", "Apache-2.0"),
    (r"(osi approved :: )?mit( license| no attribution.*)?", "MIT"),
    (r"(the )?mit license.*", "MIT"),
    (r"(new |modified )?bsd.*3.*|bsd-3-clause", "BSD-3-Clause"),
    (r"(simplified )?bsd.*2.*|bsd-2-clause", "BSD-2-Clause"),
    (r"(new |modified )?bsd( license)?", "BSD-3-Clause"),
    (r"python software foundation license|psf.*", "PSF-2.0"),
    (r"mozilla public license 2\.0.*|mpl.?2\.0", "MPL-2.0"),
    (r"isc( license.*)?", "ISC"),
    (r"w3c-20150513", "W3C-20150513"),
    (r"the unlicense.*", "Unlicense"),
    (r"gnu lesser general public license v3.*|lgpl-?v?3.*", "LGPL-3.0-or-later"),
    (r"gnu lesser general public license v2.*|lgpl-?v?2.*", "LGPL-2.1-or-later"),
    (r"gnu general public license v3.*|gplv?3.*", "GPL-3.0-or-later"),
    (r"gnu general public license v2.*|gplv?2.*", "GPL-2.0-only"),
)
# the words of a licence that no other has
TEXTS = (
    (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this "
        "software and associated documentation files",
        "MIT",
    ),
    ("Apache License Version 2.0, January 2004", "Apache-2.0"),
    ("Mozilla Public License Version 2.0", "MPL-2.0"),
)
# a dependency under these puts no condition on a programme that is only installed beside it
ALLOWED = {
    *("MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Apache-2.0", "PSF-2.0"),
    *("MPL-2.0", "Unlicense", "Zlib", "CC0-1.0", "LGPL-2.1-or-later", "LGPL-3.0-or-later"),
    *("Python-2.0", "BSL-1.0", "HPND", "MIT-CMU", "CNRI-Python"),
    "W3C-20150513",
}


def locked() -> dict[str, list[str]]:
    """Return the versions of each package in the lock: one for each Python may stand there."""
    found: dict[str, list[str]] = {}
    for line in "".join(lock.read_text(encoding="utf-8") for lock in LOCKS).splitlines():
        if match := re.match(r"([a-z0-9][a-z0-9._-]*)==([^ ;]+)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def licence(name: str) -> str:
    """Return the SPDX expression of an installed package; empty where none can be told."""
    metadata = distribution(name).metadata
    if metadata.get("License-Expression"):
        return str(metadata["License-Expression"])
    found = [
        said.rpartition(" :: ")[2]
        for said in metadata.get_all("Classifier") or []
        if said.startswith("License :: ") and not said.endswith("OSI Approved")
    ]
    lines = str(metadata.get("License") or "").strip().splitlines()
    # what people write by hand comes after the classifiers, and only its first line
    for said in [*found, *lines[:1]]:
        for pattern, spdx in WORDS:
            if re.fullmatch(pattern, said.strip(), re.IGNORECASE):
                return spdx
    return _of_text(name)


def _of_text(name: str) -> str:
    """Return the licence that a package brings as a file alone."""
    files = [
        file
        for file in distribution(name).files or []
        if ".dist-info/" in str(file) and "licen" in file.name.lower()
    ]
    for file in files:
        text = " ".join(Path(str(file.locate())).read_text(encoding="utf-8").split())
        for start, spdx in TEXTS:
            if start in text:
                return spdx
    return ""


def allowed(expression: str) -> bool:
    """Say whether an expression of SPDX can be met by licences of the list alone."""
    outside = r"(?![^()]*\))"  # not between brackets

    def one(part: str) -> bool:
        part = part.strip()
        return allowed(part[1:-1]) if part.startswith("(") else part in ALLOWED

    ways = re.split(rf"\s+OR\s+{outside}", expression)
    return any(all(map(one, re.split(rf"\s+AND\s+{outside}", way))) for way in ways)


def table() -> list[tuple[str, str, str]]:
    """Return name, installed version and licence of each locked package that is installed here."""
    rows = []
    for name in sorted(locked()):
        try:
            rows.append((name, distribution(name).version, licence(name)))
        except PackageNotFoundError:
            continue  # of another platform or an extra
    return rows


def main() -> int:
    """Print the table."""
    rows, lock = table(), locked()
    width = max(len(name) + len(version) for name, version, _ in rows) + 3
    bad = 0
    for name, version, spdx in rows:
        marks = ["not on the list"] if not allowed(spdx) else []
        marks += ["not the version of the lock"] if version not in lock[name] else []
        bad += bool(marks)
        mark = f"   <- {', '.join(marks)}" if marks else ""
        print(f"{f'{name} {version}':<{width}}{spdx or 'unknown'}{mark}")
    absent = sorted(set(lock) - {name for name, _, _ in rows})
    rest = f", not {', '.join(absent)}" if absent else ""
    print(f"{len(rows)} of {len(lock)} locked packages are installed here{rest}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
