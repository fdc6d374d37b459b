"""Where a file stops being UTF-8, in words: a decoder tells the byte, and people look for the line."""

import codecs
from pathlib import Path

from ml.io.message import Message

_PIECE = 2**20


def not_utf8(path: Path) -> Message:
    """Say that a CSV file is not UTF-8, in which line, and what to do; call it after a `UnicodeDecodeError`."""
    return Message(
        "%(file)s is not text in UTF-8 (line %(line)s). Save it as CSV in UTF-8.",
        file=path.name,
        line=line_not_utf8(path),
    )


def line_not_utf8(path: Path) -> int:
    """Return the number of the first line of a file, from 1, that is not UTF-8; its last line if all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        while True:
            piece = file.read(_PIECE)
            try:
                line += decoder.decode(piece, final=not piece).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start)
            if not piece:
                return line
