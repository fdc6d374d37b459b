"""Read subjects from a manifest: a table with one row per subject (docs/ingest.md)."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from ml.io.frames import Part, frames, take
from ml.io.hats import Catalogue, catalogue_in
from ml.io.hips import PROPERTIES, cut_out_of_hips
from ml.io.manifest_columns import Columns, understand
from ml.io.manifest_row import Row
from ml.io.manifest_tables import PARQUET, VOTABLE, table_rows
from ml.io.mosaic import cut_out
from ml.io.open_pictures import OpenPictures
from ml.io.picture import Selection
from ml.io.records import BadInput, SubjectRecord
from ml.io.safe_csv import BoundedRows
from ml.io.safe_path import Files, Folder
from ml.io.utf8_text import line_not_utf8

MANIFESTS = ("manifest.csv", "manifest.vot", "manifest.xml", "manifest.parquet")
"""Names of a folder's manifest."""
LONGEST_CELL = 2**17
"""Maximum characters of a cell, since an unclosed quote would swallow the file. Python's own limit is per process."""
LONGEST_ROW = 2**22
"""Maximum characters of a row, including line ends within quotes."""
MOST_EMPTY_ROWS = 2_000_000
"""A spreadsheet may save its whole sheet, a million rows; a file of nothing but line ends would be read for minutes."""
Skip = Callable[[str], bool]
"""Whether the subject with this external id is known and can be skipped."""


def read_manifest(
    path: Path | Catalogue, kind: str | None = None, skip: Skip | None = None, files: Files | None = None
) -> Iterator[SubjectRecord | BadInput]:
    """Read every row of a manifest, in order, with one subject in memory at a time.

    Parameters
    ----------
    path
        A VOTable, a Parquet table, a HATS catalogue (`ml.io.manifest_tables`), or a CSV file: UTF-8 with or without
        byte order mark, any line ends, separated by commas, semicolons or tabs. Row numbers are those of a spreadsheet:
        the header is row 1.
    kind
        Kind of rows without one.
    skip
        Rows for which this is true are skipped before any image file is opened.
    files
        Where the image files are; None for the manifest's own folder, or the catalogue's root.

    Yields
    ------
    SubjectRecord or BadInput
        One for each row that is not skipped.
    """
    own = path.files if isinstance(path, Catalogue) else Folder(path.parent)
    reading = _Reading(path.name, kind, skip, files or own)
    try:
        for number, row in _rows(path):
            found = row if isinstance(row, BadInput) else reading.subject(row, number or 0)
            if found is not None:
                yield found.at(file=path.name, row=number) if isinstance(found, BadInput) else found
    finally:
        reading.pictures.close()


def manifest_of(path: Path | Catalogue) -> Path | Catalogue | None:
    """Return the manifest that `path` is, or that lies in its folder; None without one."""
    if isinstance(path, Catalogue):
        return path
    if path.is_dir():
        own = next((path / name for name in MANIFESTS if (path / name).is_file()), None)
        return own or catalogue_in(path)
    is_manifest = path.suffix.lower() in (".csv", *VOTABLE) or path.name in MANIFESTS
    return path if is_manifest and path.is_file() else None


def count_rows(path: Path | Catalogue) -> int:
    """Count the rows of a manifest without opening its images."""
    return sum(1 for number, _ in _rows(path) if number is not None)


def _rows(path: Path | Catalogue) -> Iterator[tuple[int | None, Row | BadInput]]:
    try:
        if isinstance(path, Catalogue) or path.suffix.lower() in (*VOTABLE, PARQUET):
            rows = table_rows(path)
            yield from _body(rows, understand(next(rows, [])))
            return
        yield from _csv_rows(path)
    except csv.Error as error:
        yield None, BadInput("is not a CSV file (%(error)s). Nothing after this place was read.", error=error)
    except OSError as error:
        yield None, BadInput("cannot be read (%(error)s).", error=error.strerror or error)
    except BadInput as bad:
        yield None, bad


def _csv_rows(path: Path) -> Iterator[tuple[int | None, Row | BadInput]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline(LONGEST_ROW)
            file.seek(0)
            reader = _bounded(BoundedRows(file, LONGEST_ROW, delimiter=max(",;\t", key=head.count)))
            columns = understand(next(reader, []))
            yield from _body(reader, columns)
    except UnicodeDecodeError as error:
        raise BadInput(
            "is not UTF-8 text (line %(line)s). Save it as CSV UTF-8; nothing after this place was read.",
            line=line_not_utf8(path),
        ) from error


def _bounded(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    for cells in reader:
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise csv.Error(f"a cell has more than {LONGEST_CELL} characters")
        yield cells


def _body(reader: Iterator[list[str]], columns: Columns) -> Iterator[tuple[int | None, Row | BadInput]]:
    found, empty = False, 0
    for number, cells in enumerate(reader, start=2):
        if not any(cells):
            empty += 1
            if empty > MOST_EMPTY_ROWS:
                raise BadInput(
                    "has more than %(most)s empty rows. Delete them; no row below was read.",
                    most=f"{MOST_EMPTY_ROWS:,}",
                )
            continue
        row = _row(columns, [cell.strip() for cell in cells])
        if isinstance(row, Row) and not found and not columns.images and not row.images():
            names = ", ".join([*columns.known, *(key for key, _ in columns.metadata)])
            raise BadInput(
                "no column holds image files: add a column `image`. Its columns are %(columns)s.",
                columns=names or "none",
            )
        found = True
        yield number, row
    if not found:
        raise BadInput("has no rows below its header. Add one for each image.")


def _row(columns: Columns, cells: list[str]) -> Row | BadInput:
    if len(cells) < columns.width or any(cells[columns.width :]):
        return BadInput(
            "has %(cells)s cells where the header names %(columns)s columns. Is a comma or quote lost?",
            cells=len(cells),
            columns=columns.width,
        )
    return Row(columns, cells)


class _Reading:
    """One pass over a manifest, with its open files."""

    def __init__(self, name: str, kind: str | None, skip: Skip | None, files: Files) -> None:
        self.name, self.kind, self.skip = name, kind, skip
        self.pictures, self.files = OpenPictures(), files

    def subject(self, row: Row, number: int) -> SubjectRecord | BadInput | None:
        """Read a row's subject; None if it is to be skipped."""
        names = row.images()
        try:
            if not names:
                raise BadInput("names no image file. Fill in its image columns, or leave the row out.")
            external_id = row.external_id()
            if self.skip is not None and self.skip(external_id):
                return None
            return self._record(row, external_id, number)
        except BadInput as bad:
            return bad.at(image=names[0][1] if names else "")

    def _record(self, row: Row, external_id: str, number: int) -> SubjectRecord:
        gold, (ra, dec), rate, selection = row.gold(), row.position(), row.number("rate"), row.selection()
        side = row.cutout_size()
        if side is None:
            parts = [self._part(name, selection) for _, name in row.images()]
        else:
            parts = [self._cutout(name, ra, dec, side) for _, name in row.images()]
        kind, members = frames(parts, row.text("kind").lower() or self.kind)
        single = len(parts) == 1 or len(members) == 1
        numbers = [*range(1, len(members) + 1)] if single else [at for at, _ in row.images()]
        row.annotate(members, numbers)
        return SubjectRecord(
            external_id=external_id,
            kind=kind,
            frames=members,
            label=row.text("label"),
            gold=gold,
            object_group=row.text("object_group") or external_id,
            ra=ra,
            dec=dec,
            rate=rate,
            metadata=row.metadata(numbers),
            source=self.name,
            row=number,
        )

    def _cutout(self, name: str, ra: float | None, dec: float | None, side: int) -> Part:
        if ra is None or dec is None:
            raise BadInput("asks for a cutout, but says not where. Fill in `ra` and `dec`.")
        try:
            if name.rpartition("/")[2] == PROPERTIES:
                return cut_out_of_hips(self.files, name, self.pictures, (ra, dec), side)
            return cut_out(self.pictures.get(self.files.file(name)), ra, dec, side)
        except BadInput as bad:
            raise bad.at(image=name) from None

    def _part(self, name: str, selection: Selection) -> Part:
        try:
            return take(self.pictures.get(self.files.file(name)), selection)
        except BadInput as bad:
            raise bad.at(image=name) from None
