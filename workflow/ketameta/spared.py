"""Libraries that a process does without, though others load them where they are installed."""

import sys


class _Spare:
    """Finds nothing of some libraries."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        """Raise `ModuleNotFoundError` for what is spared, and leave all else to other finders."""
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(name, name=name)


def spare(*names: str) -> None:
    """From now on find nothing of these libraries, which others load where they are installed.

    What was spared before and is not named is found again.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Spare)]
    if names:
        sys.meta_path.insert(0, _Spare(names))
