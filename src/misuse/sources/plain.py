"""A file as it came -> a plain UTF-8 (or binary) file that can be read from any place: gunzipped, transcoded."""

from __future__ import annotations

import codecs
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from misuse.errors import InputError
from misuse.sources.layout import Layout

CHUNK = 4 << 20
FREE_SIZE = 64 << 20  # uncompressed bytes that no ratio is asked of
BOMS = (b"\xc3\xaf\xc2\xbb\xc2\xbf", b"\xef\xbb\xbf")  # the first is the second, encoded once more
_BAD_CHARACTER = "misuse_bad_character"
_KINDS = (
    (b"PK\x03\x04", "xlsx"),
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (xls)"),
    (b"\x1f\x8b", "gzip"),
)


def _mark_bad(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what cannot be decoded: a byte that no UTF-8 text has, so that its row is set aside."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_BAD_CHARACTER, _mark_bad)


def private_file(path: Path) -> IO[bytes]:
    """Open a new file that only this account can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def refuse_pipe(path: Path) -> None:
    """Errors: InputError for what is read once, or never ends: a log is read more than once."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path} is a pipe or a device, not a file", next_step="save its contents to a file first")


def make_plain(path: Path, layout: Layout, scratch: Path) -> Path:
    """The file unpacked and in UTF-8: itself where it is so already, else a private copy in `scratch`.

    Errors: InputError for a file that is missing, empty, truncated, or of another kind than declared.
    """
    refuse_pipe(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise InputError(
            f"{path} cannot be opened: {error.strerror}", next_step="check its name and permissions"
        ) from None
    if size == 0:
        raise InputError(f"{path} is empty", next_step="ask the source to send it again")
    is_gzip = head.startswith(b"\x1f\x8b")
    if path.suffix.lower() == ".gz" and not is_gzip:
        raise InputError(
            f"{path} is named .gz but is not gzip", next_step="rename it, or ask the source to send it again"
        )
    if is_gzip:
        unpacked = scratch / "unpacked"
        _write(unpacked, _unzipped(path, layout.max_uncompressed_ratio))
        with unpacked.open("rb") as file:
            head = file.read(16)
        if not head:
            raise InputError(f"{path} holds nothing once unpacked", next_step="ask the source to send it again")
    else:
        unpacked = path
    _right_kind(path, head, layout)
    if layout.is_text and layout.encoding not in ("utf-8", "ascii"):
        decoded = scratch / "decoded"
        _write(decoded, _transcoded(unpacked, layout.encoding))
        unpacked = decoded
    return unpacked


def _write(target: Path, chunks: Iterator[bytes]) -> None:
    with private_file(target) as file:
        for chunk in chunks:
            file.write(chunk)


def _unzipped(path: Path, ratio: int) -> Iterator[bytes]:
    """The unpacked bytes, member after member; stops at a file that unpacks beyond all proportion."""
    limit = max(FREE_SIZE, path.stat().st_size * ratio)
    written = 0
    unpacker = zlib.decompressobj(wbits=31)
    truncated = InputError(
        f"{path} is a truncated gzip file", next_step="wait for the transfer to end, or ask for the file again"
    )
    with path.open("rb") as file:
        pending = file.read(CHUNK)
        while pending:
            try:
                chunk = unpacker.decompress(pending, CHUNK)
            except zlib.error:
                raise InputError(
                    f"{path} is damaged: its gzip data cannot be unpacked", next_step="ask for the file again"
                ) from None
            written += len(chunk)
            if written > limit:
                raise InputError(
                    f"{path} unpacks to over {ratio} times its size",
                    next_step="if that is right, raise max_uncompressed_ratio in its [sources] table",
                )
            yield chunk
            pending = unpacker.unconsumed_tail
            if unpacker.eof:
                pending = (unpacker.unused_data or file.read(CHUNK)).lstrip(b"\0")
                unpacker = zlib.decompressobj(wbits=31) if pending else unpacker
            elif not pending:
                pending = file.read(CHUNK)
    if not unpacker.eof:
        raise truncated


def _transcoded(path: Path, encoding: str) -> Iterator[bytes]:
    """The file's text as UTF-8; what cannot be decoded becomes a byte that sets its row aside."""
    decoder = codecs.getincrementaldecoder(encoding)(errors=_BAD_CHARACTER)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield decoder.decode(chunk).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")


def _right_kind(path: Path, head: bytes, layout: Layout) -> None:
    """Refuse a file whose first bytes are of another format than the layout declares."""
    found = next((kind for magic, kind in _KINDS if head.startswith(magic)), "")
    if found == layout.format:
        return
    said = f"source '{layout.name}' declares {layout.format}"
    if not layout.is_text:
        raise InputError(
            f"{path} is not {layout.format}, though {said}", next_step="correct 'format', or the file's folder"
        )
    if found:
        raise InputError(
            f"{path} is {found}, though {said}", next_step="correct 'format', or unpack or re-export the file"
        )
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if layout.encoding == "utf-16" and not is_utf16:
        raise InputError(
            f"{path} does not begin with a byte order mark, though {said} in utf-16",
            next_step="set encoding = 'utf-16-le' or 'utf-16-be', whichever its sender writes, or what else it is in",
        )
    if is_utf16 and not layout.encoding.startswith("utf-16"):
        raise InputError(f"{path} is UTF-16, though {said} in {layout.encoding}", next_step="set encoding = 'utf-16'")


def length_of_bom(head: bytes) -> int:
    """Bytes of byte order marks at the start, one after another, doubly encoded ones too."""
    length = 0
    while bom := next((bom for bom in BOMS if head.startswith(bom, length)), b""):
        length += len(bom)
    return length
