"""What is really there: read from the simulation's own table, never from the database."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Source:
    """The truth about one subject."""

    label: str
    is_real: bool
    snr: float


class Truth:
    """The truth about every subject, by external id."""

    def __init__(self, sources: dict[str, Source], positive: Collection[str]) -> None:
        self.sources = sources
        self.positive = tuple(positive)

    @classmethod
    def read(cls, path: Path, positive: Collection[str]) -> "Truth":
        table = pd.read_csv(path, dtype={"external_id": str})
        rows = zip(table["external_id"], table["label"], table["snr"], strict=True)
        return cls({key: Source(label, label in positive, float(snr)) for key, label, snr in rows}, positive)

    def __getitem__(self, external_id: str) -> Source:
        return self.sources[external_id]

    def is_real(self, external_ids: Iterable[str]) -> list[bool]:
        return [self.sources[key].is_real for key in external_ids]
