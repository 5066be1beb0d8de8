"""What pyproject.toml has no word for: Snakefile, rules, lock and licence are installed too.

They stand beside the package, where package-data does not reach. A package-dir of their own needs
every package listed by hand, takes egg-info along, and lets an editable installation load a finder
at every start of Python.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

RULES = [
    *("workflow/Snakefile", "requirements.lock", "LICENSE", "CITATION.cff"),
    *map(str, Path("workflow/rules").glob("*.smk")),
]


class BuildWithRules(build_py):
    """Put the Snakefile and its rules within the package; in a checkout they stand beside it."""

    def run(self) -> None:
        """Build as ever, and add them, but where the package is used in its checkout."""
        super().run()
        if not self.editable_mode:
            for path in RULES:
                place = Path(self.build_lib, "ketameta", path)
                self.mkpath(str(place.parent))
                self.copy_file(path, str(place))

    def get_source_files(self) -> list[str]:
        """Return what an archive of the source has to hold."""
        return [*super().get_source_files(), *RULES]


setup(cmdclass={"build_py": BuildWithRules})
