"""The columns of a manifest and their meaning."""

import re
from collections import Counter
from dataclasses import dataclass, field

from ml.io.limits import MAX_COLUMNS
from ml.io.records import BadInput

_SUBJECT = {
    "external_id",
    "kind",
    "label",
    "gold",
    "object_group",
    "ra",
    "dec",
    "rate",
    "plane",
    "planes",
    "cutout_size",
}
_FRAME = {"mjd", "exptime", "band", "mag", "snr", "ra", "dec", "rms_ra", "rms_dec", "rms_corr"}
_NUMBERED = re.compile(r"([a-z]+(?:_[a-z]+)*)[_ ]?(\d{1,18})$")
HIDDEN = ("#", "!")
SHARED_TIME = "mjd of the manifest"
"""The keyword of a time that all frames of a row share."""


def time_of_frame(number: int) -> str:
    """Return the keyword of a frame's own time; frames are numbered from 1."""
    return f"mjd{number} of the manifest"


@dataclass(slots=True)
class Columns:
    """The parsed header of a manifest.

    Attributes
    ----------
    images
        Positions of the file columns, in the order of the frames; empty if the values must tell.
    numbers
        The frame number of each of `images`, counted from 1.
    known
        Position by name.
    by_frame
        Position by (name, frame number).
    metadata
        (key, position) of everything else; hidden keys keep their ``#`` or ``!``.
    """

    width: int
    images: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    by_frame: dict[tuple[str, int], int] = field(default_factory=dict)
    metadata: list[tuple[str, int]] = field(default_factory=list)


def understand(header: list[str]) -> Columns:
    """Sort the columns of a manifest by meaning.

    Two dialects are read: ours (DESIGN: `image`, `image1`…, `mjd1`…, `#hidden`, `!hidden`) and Panoptes' (`location:…`,
    `metadata:…`, `uuid`, `//hidden`).

    Raises BadInput: two columns have the same name, or there are far too many.
    """
    if len(header) > MAX_COLUMNS:
        raise BadInput(
            "the header names %(count)s columns; %(most)s are allowed. Leave some out.",
            count=f"{len(header):,}",
            most=f"{MAX_COLUMNS:,}",
        )
    names = [name.strip() for name in header]
    twice = {name for name, times in Counter(names).items() if name and times > 1}
    if twice:
        raise BadInput(
            "the header names %(columns)s more than once. Give every column its own name.",
            columns=", ".join(sorted(twice)),
        )
    columns = Columns(len(names))
    images: list[tuple[int, int]] = []
    for position, name in enumerate(names):
        if (number := _image_number(name, len(images))) is not None:
            images.append((number, position))
        elif name:
            _place(columns, name.removeprefix("metadata:"), position)
    images.sort()
    columns.numbers = [number for number, _ in images]
    columns.images = [position for _, position in images]
    return columns


def _image_number(name: str, so_far: int) -> int | None:
    if name.lower().startswith("location:"):
        return so_far + 1
    if name.lower() == "image":
        return 1
    numbered = _NUMBERED.match(name.lower())
    return int(numbered[2]) if numbered and numbered[1] == "image" else None


def _place(columns: Columns, name: str, position: int) -> None:
    lower = name.lower()
    lower = "external_id" if lower == "uuid" else lower
    numbered = _NUMBERED.match(lower)
    if lower in _SUBJECT | _FRAME:
        columns.known[lower] = position
    elif numbered and numbered[1] in _FRAME:
        columns.by_frame[numbered[1], int(numbered[2])] = position
    else:
        columns.metadata.append(("#" + name[2:] if name.startswith("//") else name, position))
