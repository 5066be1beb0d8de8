"""The archive that a workbook is: opened within bounds, or refused with what it is instead."""

from __future__ import annotations

import io
import re
import zipfile

from ketameta.ingest.text import UnreadableError

MAX_UNPACKED = 100_000_000
MAX_PARTS = 2_000

_REFUSED = (
    (r"xl/externalLinks/", "links to other workbooks; paste their values"),
    (r"xl/vbaProject", "holds macros; save it as .xlsx without them"),
    (r"xl/(connections\.xml|queryTables/)", "is linked to data from outside; paste the values"),
    (r"EncryptedPackage", "is protected by a password; take it off"),
    (r"xl/workbook\.bin", "is a binary workbook of Excel (.xlsb); save it as .xlsx"),
    (r"(content\.xml|META-INF/manifest\.xml)", "is an OpenDocument file (.ods); save it as .xlsx"),
    (r"Index(/|\.zip)", "is a spreadsheet of Apple Numbers; export it as .xlsx"),
)


def opened(content: bytes) -> zipfile.ZipFile:
    """Open the archive; raises `UnreadableError` where it is none, or one that must not be read."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise UnreadableError("is protected by a password; take it off")
        raise UnreadableError("is a workbook of old Excel, or protected; save it as .xlsx")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise UnreadableError("is not a workbook (.xlsx)") from None
    size = sum(info.file_size for info in infos)
    if size > MAX_UNPACKED or len(infos) > MAX_PARTS:
        raise UnreadableError(
            f"unpacks to {size:,} bytes in {len(infos):,} parts; at most {MAX_UNPACKED:,} bytes in "
            f"{MAX_PARTS:,} parts are read; clear the formats of empty rows and columns"
        )
    names = [info.filename for info in infos]
    for pattern, message in _REFUSED:
        if any(re.match(pattern, name) for name in names):
            raise UnreadableError(message)
    if any(info.flag_bits & 1 for info in infos):
        raise UnreadableError("is protected by a password; take it off")
    return archive
