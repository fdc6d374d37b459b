"""The pixel store: Zarr v3 arrays of pixels and features, in a folder or a bucket.

Layout below the root::

    <survey>/pixels/<array>            (N, F, C, H, W), such as 4x1x100x100-float32
    <survey>/features/<key>/<array>    (…, F, D) float16

The database row is the truth about what exists: it names array and index. Pixels are written before the array grows,
and before the row is written, so a process that dies in between leaves at most pixels that no row knows; the next
`PixelStore.append` is told by `at` where the known ones end, and writes over them. A restore may leave features of lost
subjects too, even beyond the array's end, so `append` forgets all features at the indexes that it fills. One process at
a time may append to a survey or clear pixels in it (its row is locked); features may be written by many at once, as
long as each keeps to whole chunks.

A file is replaced atomically, but read in parts. So a reader compares its version before and after, and reads a file
that was replaced in between again.
"""

import dataclasses
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import cast

import numpy as np
import zarr
from zarr.codecs import BloscCodec
from zarr.errors import ContainsArrayError
from zarr.storage import FsspecStore, LocalStore

from ml.storage.array_names import array_name, checked, parsed
from ml.storage.stored_objects import stored_bytes, version

CHUNK = 128
"""Subjects per file of the store. Work is sharded by it: see `PixelStore.chunk`."""

_CHUNK_BYTES = 64 * 1024**2  # large images come fewer to a file, by halves
_READ_BYTES = 2 * 1024**2  # what one look at one subject may cost to read …
_MOST_READ = 16  # … together with its neighbours
_MOST_TRIES = 5  # of a read, while its files are replaced
_TORN = (ValueError, RuntimeError)  # what the index of one file and the pixels of another raise
_EVER = 2**31  # declared length of feature arrays: chunks that nobody wrote do not exist on disk and read as NaN


class PixelStore:
    """All pixels of all surveys.

    Parameters
    ----------
    root
        A folder, or an fsspec URL (``s3://bucket/prefix``, ``memory://name``).
    """

    def __init__(self, root: str | Path) -> None:
        address = str(root)
        self.root = root
        self.store = FsspecStore.from_url(address) if "://" in address else LocalStore(address)
        self._open: dict[str, zarr.Array] = {}

    def append(self, survey: str, block: np.ndarray, at: int | None = None) -> tuple[str, int]:
        """Append subjects to the array of their shape and dtype, creating it if needed.

        Raises ValueError: `block` does not have five axes, or `at` lies beyond the end of the array.

        Parameters
        ----------
        survey
            Short name of the survey.
        block
            (n, F, C, H, W), stored bit for bit. Batches aligned to multiples of `chunk` are fastest.
        at
            First index without a row in the database; leftovers of an unfinished ingest from there on are overwritten.
            None means the end of the array.

        Returns
        -------
        tuple
            Name of the array, and index of the first subject in it.
        """
        if block.ndim != 5:
            raise ValueError(f"A block of subjects has five axes (n, F, C, H, W), and this has shape {block.shape}.")
        name = array_name(block.shape[1:], block.dtype)
        array = self._pixels(survey, name, create=True)
        length = array.shape[0]
        start = length if at is None else at
        if not 0 <= start <= length:
            raise ValueError(f"{survey}/{name} holds {length} subjects, so writing cannot begin at {start}.")
        shape = (max(length, start + len(block)), *array.shape[1:])
        self._forget_subjects(survey, name, start, start + len(block))
        _grown(array, shape)[start : start + len(block)] = block
        if shape != array.shape:
            array.resize(shape)
        return name, start

    def arrays(self, survey: str) -> list[str]:
        """List the names of the survey's pixel arrays."""
        path = f"{checked(survey)}/pixels"
        try:
            group = zarr.open_group(self.store, path=path, mode="r")
        except FileNotFoundError:
            return []
        return sorted(group.array_keys())

    def length(self, survey: str, array: str) -> int:
        """Count the subjects in an array, including any that an unfinished ingest left."""
        try:
            return int(self._fresh(self._pixels(survey, array)).shape[0])
        except FileNotFoundError:
            return 0

    def chunk(self, survey: str, array: str) -> int:
        """Return the number of subjects per file: writers of features must align to multiples of it."""
        return _outer(self._pixels(survey, array))

    def get(self, survey: str, array: str, index: int) -> np.ndarray:
        """Read one subject, (F, C, H, W).

        Raises IndexError: there is no such subject.
        """
        return cast(np.ndarray, self.slab(survey, array, index, index + 1)[0])

    def slab(self, survey: str, array: str, start: int, stop: int) -> np.ndarray:
        """Read subjects `start` to `stop`, (n, F, C, H, W).

        Raises IndexError: not all of them exist.
        """
        pixels = self._pixels(survey, array)
        if stop > pixels.shape[0]:
            pixels = self._fresh(pixels)
        if not 0 <= start <= stop <= pixels.shape[0]:
            raise IndexError(f"{survey}/{array} holds {pixels.shape[0]} subjects; {start} to {stop} were asked for.")
        keys = [_key(pixels, place) for place in range(start // _outer(pixels), -(-stop // _outer(pixels)))]
        return self._unchanging(keys, lambda: np.asarray(pixels[start:stop]))

    def clear(self, survey: str, array: str, indexes: Iterable[int]) -> int:
        """Overwrite subjects (`indexes`) with the fill value, which takes no space; return the bytes freed.

        To clear a subject again changes nothing. Raises ValueError: they are not all of one chunk, or none.
        """
        pixels, places = self._fresh(self._pixels(survey, array)), sorted(indexes)
        chunk = _outer(pixels)
        if len({place // chunk for place in places}) != 1:
            raise ValueError(f"Subjects of one chunk are cleared at a time, and these are {places}.")
        key = _key(pixels, places[0] // chunk)
        before, first, last = stored_bytes(self.store, key), places[0], places[-1] + 1
        block = np.asarray(pixels[first:last])
        block[np.array(places) - first] = pixels.fill_value
        pixels[first:last] = block
        return before - stored_bytes(self.store, key)

    def chunk_bytes(self, survey: str, array: str, index: int) -> int:
        """Return the stored bytes of the chunk that holds a subject."""
        pixels = self._pixels(survey, array)
        return stored_bytes(self.store, _key(pixels, index // _outer(pixels)))

    def _unchanging(self, keys: list[str], read: Callable[[], np.ndarray]) -> np.ndarray:
        """Read until no file was replaced meanwhile; a few times at most."""
        for _ in range(_MOST_TRIES):
            before = [version(self.store, key) for key in keys]
            with suppress(*_TORN):
                block = read()
                if before == [version(self.store, key) for key in keys]:
                    return block
        return read()

    def write_features(self, survey: str, array: str, key: str, start: int, values: np.ndarray) -> None:
        """Store the features of subjects `start` onwards.

        Parameters
        ----------
        survey, array
            The array of their pixels.
        key
            Hash of backbone and preprocessing (`feature_key`).
        start
            Index of the first subject. Concurrent writers must not share a chunk (see `chunk`).
        values
            (n, F, D); stored as float16.
        """
        features = self._features(survey, array, key, depth=values.shape[-1])
        features[start : start + len(values)] = values.astype(np.float16, copy=False)

    def features(self, survey: str, array: str, key: str, start: int, stop: int) -> np.ndarray:
        """Read features, (n, F, D) float16; NaN for subjects without any.

        Raises FileNotFoundError: None were ever written under `key`.
        """
        return np.asarray(self._features(survey, array, key)[start:stop])

    def features_at(self, survey: str, array: str, key: str, indexes: np.ndarray) -> np.ndarray:
        """Read features of subjects anywhere in an array, (n, F, D) float16; NaN for those without any.

        Raises FileNotFoundError: None were ever written under `key`.

        Parameters
        ----------
        indexes
            (n,), ascending. A file of the store is read once, however many of its subjects are asked for.
        """
        return np.asarray(self._features(survey, array, key).oindex[indexes])

    def forget_features(self, survey: str, key: str) -> None:
        """Delete all features of one backbone in the survey; does nothing if there are none."""
        path = f"{checked(survey)}/features/{checked(key)}"
        with suppress(FileNotFoundError, KeyError):
            del zarr.open_group(self.store, mode="r+")[path]
        self._open = {name: array for name, array in self._open.items() if not name.startswith(f"{path}/")}

    def _forget_subjects(self, survey: str, array: str, start: int, stop: int) -> None:
        """Make the features of subjects `start` to `stop` unknown, whatever their backbone."""
        try:
            keys = list(zarr.open_group(self.store, path=f"{survey}/features", mode="r").group_keys())
        except FileNotFoundError:
            return
        for key in keys:
            with suppress(FileNotFoundError):
                features = self._features(survey, array, key)
                if not np.isnan(features[start:stop, 0, 0]).all():
                    features[start:stop] = np.nan

    def _pixels(self, survey: str, name: str, *, create: bool = False) -> zarr.Array:
        path = f"{checked(survey)}/pixels/{checked(name)}"
        if path not in self._open:
            try:
                self._open[path] = zarr.open_array(self.store, path=path, mode="r+")
            except FileNotFoundError:
                if not create:
                    raise
                self._open[path] = self._create(path, name)
        return self._fresh(self._open[path]) if create else self._open[path]

    def _create(self, path: str, name: str) -> zarr.Array:
        shape, dtype = parsed(name)
        each = int(np.prod(shape)) * dtype.itemsize
        chunk = _power_of_two(min(CHUNK, _CHUNK_BYTES // each))
        inner = _power_of_two(min(chunk, _MOST_READ, _READ_BYTES // each))
        return zarr.create_array(
            self.store,
            name=path,
            shape=(0, *shape),
            dtype=dtype,
            chunks=(inner, *shape),
            shards=(chunk, *shape),
            compressors=BloscCodec(cname="lz4", clevel=1, shuffle="shuffle"),
            fill_value=np.nan if dtype.kind == "f" else 0,
        )

    def _features(self, survey: str, name: str, key: str, depth: int | None = None) -> zarr.Array:
        path = f"{checked(survey)}/features/{checked(key)}/{checked(name)}"
        if path not in self._open:
            try:
                self._open[path] = zarr.open_array(self.store, path=path, mode="r+")
            except FileNotFoundError:
                if depth is None:
                    raise
                with suppress(ContainsArrayError):  # another worker was faster
                    zarr.create_array(
                        self.store,
                        name=path,
                        shape=(_EVER, parsed(name)[0][0], depth),
                        chunks=(self.chunk(survey, name), parsed(name)[0][0], depth),
                        dtype=np.float16,
                        compressors=None,
                        fill_value=np.nan,
                        overwrite=False,
                    )
                self._open[path] = zarr.open_array(self.store, path=path, mode="r+")
        return self._open[path]

    def _fresh(self, array: zarr.Array) -> zarr.Array:
        """Reload the array's length: another process may have appended."""
        self._open[array.path] = zarr.open_array(self.store, path=array.path, mode="r+")
        return self._open[array.path]


def _grown(array: zarr.Array, shape: tuple[int, ...]) -> zarr.Array:
    """Return the array with its future length, so that its pixels are written before its metadata."""
    inner = array.async_array
    metadata = dataclasses.replace(inner.metadata, shape=shape)
    return zarr.Array(zarr.AsyncArray(metadata=metadata, store_path=inner.store_path))


def _power_of_two(most: int) -> int:
    """Return the largest power of two up to `most`, so that smaller pieces divide larger ones."""
    return 1 << max(most, 1).bit_length() - 1


def _key(array: zarr.Array, chunk: int) -> str:
    """Return the name of a chunk's file in the store."""
    inside = array.metadata.encode_chunk_key((chunk, *(0 for _ in array.shape[1:])))
    return f"{array.path}/{inside}"


def _outer(array: zarr.Array) -> int:
    return int((array.shards or array.chunks)[0])
