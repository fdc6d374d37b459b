"""Background reader thread: files are read and pixels hashed while the database writes."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Self

from ml.io.hats import Catalogue
from ml.io.manifest import manifest_of
from ml.io.read_subjects import count, read_subjects
from ml.io.records import BadInput, SubjectRecord
from ml.io.safe_path import Files
from webapp.archive.ingest.dedupe import Known
from webapp.archive.ingest.prepare import Candidate, candidate

PIECE_ITEMS = 64
PIECE_BYTES = 4 * 1024**2
PIECES_AHEAD = 2
LOOK = 0.2  # seconds between checks that the consumer is still running
PATIENCE = 5.0  # seconds to wait for a reader that was told to stop, and may hang on a disk


class _StoppedError(Exception):
    """The consumer has stopped."""


@dataclass(slots=True)
class Item:
    """One row as read, and the reader's position after it.

    Attributes
    ----------
    value
        The external id of a known subject, whose file was not opened. None marks the end.
    seen
        Rows read so far.
    """

    value: Candidate | BadInput | str | None
    seen: int


class Reader:
    """Reads a path in its own thread, at most a few items ahead of the consumer.

    Parameters
    ----------
    path, kind
        As in `ml.io.read_subjects.read_subjects`.
    known
        Subjects to skip without opening their files.
    classes
        The survey's, to check gold labels.
    files
        As in `read_subjects`.

    Attributes
    ----------
    total
        Total rows or files; None until the reader knows.
    seen
        Rows passed so far.
    """

    def __init__(
        self, path: Path | Catalogue, kind: str | None, known: Known, classes: list[str], files: Files | None = None
    ) -> None:
        self.path, self.kind, self.known, self.classes, self.files = path, kind, known, classes, files
        self.total: int | None = None
        self.seen = 0
        self._piece: list[Item] = []
        self._nbytes = 0
        self._queue: Queue[list[Item] | Exception] = Queue(PIECES_AHEAD)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"reader of {path.name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def items(self, beat: Callable[[], None], every: float) -> Iterator[Item]:
        """Yield the items, the end last; call `beat` if nothing came for `every` seconds.

        Raises BadInput: the manifest as a whole is invalid. Nothing has been yielded then.
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
        except Exception as error:  # passed on, to be raised in the consumer
            self._put(error)

    def _check(self) -> int | None:
        """Validate a whole manifest without opening images, so that nothing of a broken one is ingested."""
        if manifest_of(self.path) is None:
            return count(self.path)
        rows = 0

        def passed(_: str) -> bool:
            nonlocal rows
            self._check_wanted()
            rows += 1
            return True

        for bad in read_subjects(self.path, self.kind, passed):
            self._check_wanted()
            if isinstance(bad, BadInput) and bad.row is None:
                raise bad
            rows += 1
        return rows

    def _read(self) -> None:
        for record in read_subjects(self.path, self.kind, self._skip, self.files):
            self._check_wanted()
            self._add(self._prepared(record))
        self._put([*self._piece, Item(None, self.seen)])

    def _add(self, value: Candidate | BadInput | str) -> None:
        self.seen += 1
        self._nbytes += value.nbytes if isinstance(value, Candidate) else 0
        self._piece.append(Item(value, self.seen))
        if len(self._piece) >= PIECE_ITEMS or self._nbytes >= PIECE_BYTES:
            self._put(self._piece)
            self._piece, self._nbytes = [], 0

    def _skip(self, external_id: str) -> bool:
        self._check_wanted()
        if external_id not in self.known:
            return False
        self._add(external_id)
        return True

    def _check_wanted(self) -> None:
        """Stop if the consumer has stopped: a million known rows may lie ahead."""
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
