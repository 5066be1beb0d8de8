"""Templates of pages as an earlier run compiled them, which takes a quarter of a second."""

from __future__ import annotations

import contextlib
from hashlib import sha256
from pathlib import Path

from jinja2.bccache import Bucket, BytecodeCache

from ketameta.freshness import inputs

_DIGEST = sha256().digest_size


class Compiled(BytecodeCache):
    """Compiled templates in a folder, safe to remove: what is not as it was written is no use.

    The library compares the text of each template; all else that a report is made from, its tables
    and configuration apart, is part of the digest at the head of a file: the library's version, the
    options and filters of the engine, and what these take from elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made_by = repr(sorted(inputs("report", None).items())).encode()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in the code of a template where it is known."""
        with contextlib.suppress(OSError):
            content = (self._folder / bucket.key).read_bytes()
            code = content[_DIGEST:]
            if content[:_DIGEST] == self._digest(code):
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template where the disk lets it."""
        code = bucket.bytecode_to_string()
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / bucket.key).write_bytes(self._digest(code) + code)

    def _digest(self, code: bytes) -> bytes:
        return sha256(self._made_by + code).digest()
