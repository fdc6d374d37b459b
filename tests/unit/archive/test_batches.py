"""Batches end at file boundaries of the pixel store, and are bounded."""

from ml.io.records import BadInput
from webapp.archive.ingest import store as cutting
from webapp.archive.ingest.prepare import Candidate
from webapp.archive.ingest.reader import Item
from webapp.archive.ingest.store import batches

FILE = 128


def candidate(nbytes=100, array="a"):
    return Candidate(
        record=None, array=array, checksum="", masked=[], gold_label="", metadata="{}", wcs=[], nbytes=nbytes
    )


def stream(values):
    seen = 0
    for seen, value in enumerate(values, 1):
        yield Item(value, seen)
    yield Item(None, seen)


def cut(values, already=0):
    """Cut batches as an ingest does, into an array that has `already` subjects and grows batch by batch."""
    found = []

    def ends(array, more):
        return (already + sum(len(batch.candidates) for batch in found) + more) % FILE == 0

    for batch in batches(stream(values), ends):
        found.append(batch)  # noqa: PERF402  # before the next one is cut
    return found


def test_each_batch_ends_at_the_end_of_a_file_wherever_the_array_began():
    sizes = [len(batch.candidates) for batch in cut([candidate()] * 5000, already=100)]
    ends = [100 + sum(sizes[: number + 1]) for number in range(len(sizes))]
    assert ends[-1] == 5100
    assert all(end % FILE == 0 for end in ends[:-1])
    assert max(sizes) <= cutting.ROWS


def test_large_images_make_batches_of_few():
    sizes = [len(batch.candidates) for batch in cut([candidate(nbytes=cutting.NBYTES // 3 + 1)] * 20)]
    assert sizes == [6, 6, 6, 2]


def test_a_flood_of_bad_rows_is_cut_too():
    found = cut([BadInput("no")] * 5000)
    assert sum(len(batch.problems) for batch in found) == sum(batch.rows for batch in found) == 5000
    assert max(len(batch.problems) for batch in found) == 2 * cutting.ROWS


def test_each_known_subject_is_counted_once_and_a_flood_of_them_is_cut_too():
    names = [f"known-{number}" for number in range(5000)]
    found = cut([candidate()] * 3000 + names)
    assert [name for batch in found for name in batch.known] == names
    assert sum(batch.rows for batch in found) == 8000
    assert max(len(batch.known) for batch in found) <= 2 * cutting.ROWS


def test_nothing_at_all_is_one_empty_batch():
    (only,) = cut([])
    assert (only.candidates, only.problems, only.rows) == ([], [], 0)
