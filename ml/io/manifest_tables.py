"""Manifests that are no CSV: VOTables, Parquet tables and HATS catalogues, as rows of text."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ml.io.hats import Catalogue
from ml.io.limits import MAX_COLUMNS, decoding
from ml.io.message import Message
from ml.io.parquet_file import ParquetFile
from ml.io.records import BadInput

VOTABLE = (".vot", ".xml")
PARQUET = ".parquet"
LONGEST_CELL = 2**17
"""Maximum characters of a cell of a VOTable."""

_HEALPIX = "_healpix_"  # the spatial index of HATS, which says no more than ra and dec
_AT_ONCE = 2**18  # bytes of a VOTable


def table_rows(table: Path | Catalogue) -> Iterator[list[str]]:
    """Yield the header and the rows of a table, in flat memory; a missing value is an empty text.

    Raises
    ------
    BadInput
        It is damaged, or its data are not written as text (TABLEDATA).
    """
    if isinstance(table, Catalogue):
        yield from _parquet(table.partitions())
    elif table.suffix.lower() in VOTABLE:
        yield from _votable(table)
    else:
        yield from _parquet([table])


def _parquet(paths: Iterable[Path]) -> Iterator[list[str]]:
    """Yield the rows of several files as those of one; a column that a later one lacks is empty there."""
    names: list[str] = []
    for path in paths:
        for row in ParquetFile(path).rows(set()):
            if not names:
                names = [name for name in row if not name.startswith(_HEALPIX)]
                yield names
            yield [_text(row.get(name)) for name in names]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _votable(path: Path) -> Iterator[list[str]]:
    """Read the TABLEDATA of the first table; nothing that the file points to is opened.

    Source: IVOA Recommendation VOTable 1.4, sections 4 and 5.1.
    """
    table = _Table()
    is_first = True
    with path.open("rb") as file:
        while not table.is_over:
            part = file.read(_AT_ONCE)
            with decoding(Message("is no VOTable")):
                table.parser.Parse(part, not part)
            if is_first and table.rows:
                yield table.names
                is_first = False
            yield from table.rows
            table.rows.clear()
            if not part and not table.is_over:
                raise BadInput("holds no table as text. Save it as a VOTable with TABLEDATA.")
    if is_first:
        yield table.names


class _Table:
    """What a parser has met: the columns, and the rows since they were last taken."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.rows: list[list[str]] = []
        self.is_over = False
        self._cells: list[str] = []
        self._text: list[str] | None = None
        self._length = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "FIELD" if not self.is_over:
                self.names.append(attributes.get("name", ""))
            case "TR":
                self._cells = []
            case "TD":
                self._text, self._length = [], 0
        if max(len(self.names), len(self._cells)) > MAX_COLUMNS:
            raise ValueError(f"it has more than {MAX_COLUMNS} columns")

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "TD":
                cell = "".join(self._text or []).strip()
                self._cells.append("" if cell == "NaN" else cell)
                self._text = None
            case "TR" if not self.is_over:
                self.rows.append(self._cells)
            case "TABLEDATA":
                self.is_over = True

    def _characters(self, text: str) -> None:
        if self._text is None:
            return
        self._text.append(text)
        self._length += len(text)
        if self._length > LONGEST_CELL:
            raise ValueError(f"a cell has more than {LONGEST_CELL} characters")

    def _refuse(self, *_: Any) -> None:
        raise ValueError("it declares entities, which no table needs")
