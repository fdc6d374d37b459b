"""Background reader thread: files are read and pixels hashed while the database writes."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Self

from ml.io.read import MANIFEST, count, read
from ml.io.records import BadInput, SubjectRecord
from webapp.archive.ingest.dedupe import Known
from webapp.archive.ingest.prepare import Candidate, candidate

PIECE_ITEMS = 64
PIECE_BYTES = 4 * 1024**2
PIECES_AHEAD = 2
LOOK = 0.2  # seconds between looks at whether the other side is still there


class _StoppedError(Exception):
    """Nobody takes the items any more."""


@dataclass(slots=True)
class Item:
    """One row that was read, and where the reader stood after it.

    Attributes
    ----------
    value
        None marks the end.
    seen, skipped
        Rows passed so far; those among them that the survey has already.
    """

    value: Candidate | BadInput | None
    seen: int
    skipped: int


class Reader:
    """Reads a path in its own thread, at most a few pieces ahead of whoever takes the items.

    Parameters
    ----------
    path, kind
        As in `ml.io.read.read`.
    known
        Subjects passed over without opening their files.
    classes
        The survey's, which gold labels are checked against.

    Attributes
    ----------
    total
        Rows or files that there are; None until the reader knows.
    seen
        Rows passed so far.
    """

    def __init__(self, path: Path, kind: str | None, known: Known, classes: list[str]) -> None:
        self.path, self.kind, self.known, self.classes = path, kind, known, classes
        self.total: int | None = None
        self.seen = self.skipped = 0
        self._queue: Queue[list[Item] | Exception] = Queue(PIECES_AHEAD)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"reader of {path}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def items(self, beat: Callable[[], None], every: float) -> Iterator[Item]:
        """Yield what is read, the end last; call `beat` when nothing came for `every` seconds.

        Raises
        ------
        BadInput
            The manifest as a whole cannot be used. Nothing has been yielded then.
        """
        while True:
            try:
                piece = self._queue.get(timeout=every)
            except Empty:
                beat()
                continue
            if isinstance(piece, Exception):
                raise piece
            yield from piece
            if piece[-1].value is None:
                return

    def _run(self) -> None:
        try:
            self.total = self._check()
            self._read()
        except Exception as error:  # handed over, to be raised where the items are taken
            self._put(error)

    def _check(self) -> int | None:
        """Walk a manifest to its end without opening images: it is whole, or nothing of it is ingested."""
        if self.path.suffix.lower() != ".csv" and not (self.path / MANIFEST).is_file():
            return count(self.path)
        rows = 0

        def passed(_: str) -> bool:
            nonlocal rows
            self._check_wanted()
            rows += 1
            return True

        for bad in read(self.path, self.kind, passed):
            self._check_wanted()
            if isinstance(bad, BadInput) and bad.row is None:
                raise bad
            rows += 1
        return rows

    def _read(self) -> None:
        piece: list[Item] = []
        nbytes = 0
        for record in read(self.path, self.kind, self._skip):
            self._check_wanted()
            self.seen += 1
            value = self._prepared(record)
            nbytes += value.nbytes if isinstance(value, Candidate) else 0
            piece.append(Item(value, self.seen, self.skipped))
            if len(piece) >= PIECE_ITEMS or nbytes >= PIECE_BYTES:
                self._put(piece)
                piece, nbytes = [], 0
        self._put([*piece, Item(None, self.seen, self.skipped)])

    def _skip(self, external_id: str) -> bool:
        self._check_wanted()
        if external_id not in self.known:
            return False
        self.seen += 1
        self.skipped += 1
        return True

    def _check_wanted(self) -> None:
        """Stop when nobody takes the items any more: a million known rows may lie ahead."""
        if self._over.is_set():
            raise _StoppedError

    def _prepared(self, record: SubjectRecord | BadInput) -> Candidate | BadInput:
        if isinstance(record, BadInput):
            return record
        try:
            return candidate(record, self.classes)
        except BadInput as bad:
            return bad.at(file=record.source, row=record.row)

    def _put(self, piece: list[Item] | Exception) -> None:
        while not self._over.is_set():
            try:
                self._queue.put(piece, timeout=LOOK)
            except Full:
                continue
            return
