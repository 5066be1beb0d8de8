"""Templates of pages as an earlier run compiled them, which takes a quarter of a second."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache

from ketameta.report.pages import environment

_DIGEST = sha256().digest_size


def templates(made_from: Mapping[str, str]) -> Environment:
    """Return the template engine, which from now on keeps what it compiles, as Python does.

    `made_from` are the digests of what a report is made from (`freshness.inputs`).
    """
    engine = environment()
    engine.bytecode_cache = engine.bytecode_cache or _Compiled(made_from)
    return engine


class _Compiled(BytecodeCache):
    """Compiled templates beside compiled modules: what is not as it was written is no use.

    The library compares the text of each template; all else that a report is made from, its tables
    and configuration apart, is part of the digest at the head of a file: the library's version, the
    options and filters of the engine, and what these take from elsewhere.
    """

    _folder = Path(cache_from_source(__file__)).with_name("templates")

    def __init__(self, made_from: Mapping[str, str]) -> None:
        self._made_by = repr(sorted(made_from.items())).encode()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in the code of a template where it is known."""
        with contextlib.suppress(OSError):
            content = (self._folder / bucket.key).read_bytes()
            code = content[_DIGEST:]
            if content[:_DIGEST] == self._digest(code):
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template where the disk lets it, and Python is to keep its own."""
        if sys.dont_write_bytecode:
            return
        code = bucket.bytecode_to_string()
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / bucket.key).write_bytes(self._digest(code) + code)

    def _digest(self, code: bytes) -> bytes:
        return sha256(self._made_by + code).digest()
