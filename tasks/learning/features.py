"""Backbone features of a survey's subjects, read from the store or computed and stored."""

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.storage.pixel_store import PixelStore

AT_ONCE = 256
"""Maximum subjects with pixels in memory at a time."""

MOST_NUMBERS = 2**26
"""Maximum pixels in memory at a time, which limits large pictures."""

SPAN = 32
"""Chunks of stored features read at a time."""

Indexes = NDArray[np.int64]


class Network(Protocol):
    """The interface of networks that turn pixels into features, built lazily, since that takes seconds."""

    feature_key: str

    def features(self, block: NDArray[Any]) -> NDArray[np.float16]: ...


class Features:
    """One network's features of one survey.

    Parameters
    ----------
    store, survey
        The pixel store, and the survey.
    network
        Used only if something must be computed.
    report
        Called with the number of subjects after each computed batch, so that a lease can be renewed.
    """

    def __init__(
        self,
        store: PixelStore,
        survey: str,
        network: Network,
        report: Callable[[int], None],
    ) -> None:
        self.store, self.survey, self.key = store, survey, network.feature_key
        self.network, self.report = network, report

    def of(self, array: str, indexes: Indexes) -> NDArray[np.float16]:
        """Return features (n, F, D) of the subjects at `indexes`, ascending, of one pixel array."""
        known = self._known(array, indexes)
        missing = np.arange(len(indexes)) if known is None else np.flatnonzero(np.isnan(known[:, 0, 0]))
        at_once = max(1, min(AT_ONCE, MOST_NUMBERS // _numbers(array)))
        for first in range(0, len(missing), at_once):
            part = missing[first : first + at_once]
            values = self.network.features(self._pixels(array, indexes[part]))
            if known is None:
                known = np.full((len(indexes), *values.shape[1:]), np.nan, dtype=np.float16)
            known[part] = values
            self._keep(array, indexes[part], values)
            self.report(len(part))
        if known is None:
            raise ValueError("No subject was asked for, so there are no features.")
        return known

    def _known(self, array: str, indexes: Indexes) -> NDArray[np.float16] | None:
        """Return stored features, NaN for missing ones; None if none were ever stored."""
        span = SPAN * self.store.chunk(self.survey, array)
        try:
            parts = [
                self.store.features(self.survey, array, self.key, int(part[0]), int(part[-1]) + 1)[part - part[0]]
                for part in _runs(indexes, span)
            ]
        except FileNotFoundError:
            return None
        return np.concatenate(parts) if parts else None

    def _pixels(self, array: str, indexes: Indexes) -> NDArray[Any]:
        chunk = self.store.chunk(self.survey, array)
        parts = [
            self.store.slab(self.survey, array, int(part[0]), int(part[-1]) + 1)[part - part[0]]
            for part in _runs(indexes, chunk)
        ]
        return np.concatenate(parts)

    def _keep(self, array: str, indexes: Indexes, values: NDArray[np.float16]) -> None:
        """Write features chunk by chunk. Two writers may overwrite each other's work, but never corrupt it."""
        chunk = self.store.chunk(self.survey, array)
        done = 0
        for part in _runs(indexes, chunk):
            fresh = values[done : done + len(part)]
            start, stop = int(part[0]), int(part[-1]) + 1
            if len(part) < stop - start:
                whole = np.full((stop - start, *values.shape[1:]), np.nan, dtype=np.float16)
                known = self._known(array, np.arange(start, stop))
                whole = whole if known is None else known
                whole[part - start] = fresh
                fresh = whole
            self.store.write_features(self.survey, array, self.key, start, fresh)
            done += len(part)


def _numbers(array: str) -> int:
    """Return the pixels per subject of a pixel array, from its name: 4x1x100x100-float32."""
    return math.prod(int(side) for side in array.split("-")[0].split("x"))


def _runs(indexes: Indexes, length: int) -> list[Indexes]:
    """Split ascending indexes at multiples of `length`."""
    edges = np.flatnonzero(np.diff(indexes // length)) + 1
    return [part for part in np.split(indexes, edges) if len(part)]
