"""A labelled cube from a manifest: normalised flux, masks, and the objects that cross it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.cubes.input_channels import channels_and_mask
from ml.evaluation.observing_conditions import Condition, of_object
from ml.io.read_subjects import read_or_refuse
from ml.io.records import BadInput, SubjectRecord
from ml.io.safe_path import Folder
from ml.io.tess import open_fits

FEWEST_FRAMES = 3  # minimum to see motion
MASK, OBJECTS = "#mask", "#objects"


class Complaints(Protocol):
    """Collects errors of unusable cubes."""

    def complain(self, what: BadInput | str) -> None:
        """Count one error."""


@dataclass(frozen=True)
class Known:
    """A known object that crosses a cube: its positions in frames counted from 0.

    Attributes
    ----------
    name, mag
        Its name, and its magnitude (NaN if unknown).
    number
        Its value in the mask; 0 if it is not in the mask.
    frame, x, y
        (n,) each: frames, and pixels from 0 in the centre of the first.
    rate, snr
        Arcsec/h, and S/N of one frame; NaN if unknown.
    """

    name: str
    mag: float
    number: int
    frame: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rate: float = np.nan
    snr: float = np.nan

    @property
    def condition(self) -> Condition:
        """Return its magnitude, rate and S/N."""
        return Condition(self.mag, self.rate, self.snr)


@dataclass
class Cube:
    """One cube.

    Attributes
    ----------
    name, group
        External id and object group.
    channels, measured
        (C, T, Y, X) float32, and (T, Y, X) bool; see `ml.cubes.input_channels`.
    mask
        (T, Y, X) uint8, 0 where nothing is known to move, else the number of the object; None without a mask.
    objects
        Its known objects.
    mjd
        (T,) middle of each exposure, UTC; NaN where unknown.
    wcs
        FITS cards of the first frame that has any, or None.
    """

    name: str
    group: str
    channels: NDArray[np.float32]
    measured: NDArray[np.bool_]
    mask: NDArray[np.uint8] | None
    objects: list[Known] = field(default_factory=list)
    mjd: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    wcs: dict[str, Any] | None = None

    @property
    def change(self) -> NDArray[np.float32]:
        """Return the background-subtracted cube (T, Y, X), in units of the noise: the first input channel."""
        return self.channels[0]

    def magnitudes(self) -> NDArray[np.float32]:
        """Return the magnitude of each voxel's object (T, Y, X); NaN without one, or if its magnitude is unknown."""
        by_number = np.full(256, np.nan, np.float32)
        for known in self.objects:
            by_number[known.number] = known.mag
        by_number[0] = np.nan
        empty = np.zeros(self.change.shape, np.uint8)
        return by_number[empty if self.mask is None else self.mask]


def read_cubes(path: Path, tally: Complaints, *, masked: bool) -> Iterator[Cube]:
    """Yield the usable cubes of a manifest, one in memory at a time.

    Parameters
    ----------
    path
        A manifest, a folder or whatever else `ml.io.read_subjects` reads.
    tally
        Gets every skipped cube.
    masked
        Skip cubes without a mask.
    """
    path = Path(path)
    folder = Folder(path if path.is_dir() else path.parent)
    for item in read_or_refuse(path, "cube"):
        try:
            if isinstance(item, BadInput):
                raise item
            found = _cube(item, folder, masked)
        except BadInput as bad:
            place = item if isinstance(item, SubjectRecord) else None
            tally.complain(bad.at(file=place.source, row=place.row) if place else bad)
            continue
        yield found


def _cube(record: SubjectRecord, folder: Folder, masked: bool) -> Cube:
    flux = record.block()
    if flux.shape[1] != 1 or len(flux) < FEWEST_FRAMES:
        raise BadInput(
            "is not a cube: it has %(count)s frame(s) of %(channels)s channel(s). A cube has %(fewest)s or more frames "
            "of one channel.",
            count=len(flux),
            channels=flux.shape[1],
            fewest=FEWEST_FRAMES,
        )
    channels, measured = channels_and_mask(flux[:, 0])
    mask = _mask(record, folder, measured.shape)
    if mask is None and masked:
        raise BadInput(
            "has no mask of what moves in it. Name a FITS file of its shape in a column `%(column)s`, or leave it out.",
            column=MASK,
        )
    if mask is not None:
        mask[~measured] = 0
    times = [frame.mjd_mid for frame in record.frames]
    return Cube(
        name=record.external_id,
        group=record.object_group or record.external_id,
        channels=channels,
        measured=measured,
        mask=mask,
        objects=known_objects(record.metadata.get(OBJECTS)),
        mjd=np.array([np.nan if time is None else time for time in times]),
        wcs=next((frame.wcs for frame in record.frames if frame.wcs), None),
    )


def _mask(record: SubjectRecord, folder: Folder, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    name = record.metadata.get(MASK)
    if not name:
        return None
    try:
        picture = open_fits(folder.file(str(name)))
        try:
            mask = np.array(picture.take(None))
        finally:
            picture.close()
    except BadInput as bad:
        raise bad.at(image=str(name)) from None
    except OSError as error:
        raise BadInput("cannot be read (%(error)s). Copy the mask again.", error=error, image=str(name)) from error
    if mask.shape != shape:
        raise BadInput(
            "is a mask of the shape %(found)s, but its cube has %(shape)s.",
            found=mask.shape,
            shape=shape,
            image=str(name),
        )
    if not np.isfinite(mask).all() or mask.min() < 0 or mask.max() > 255:
        raise BadInput("is not a mask: it has values outside 0 to 255.", image=str(name))
    return mask.astype(np.uint8)


def known_objects(text: Any) -> list[Known]:
    """Return the objects of a cell `#objects` (docs/simulations.md); none for an empty one.

    Raises BadInput if the cell is not a JSON list of objects with id, x and y.
    """
    if not text:
        return []
    try:
        return [_known(each) for each in (json.loads(text) if isinstance(text, str) else text)]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "has a cell %(column)s that cannot be read (%(error)s). It is a JSON list of objects with id, x and y.",
            column=OBJECTS,
            error=error,
        ) from error


def _known(each: dict[str, Any]) -> Known:
    x, y = (np.array(each[axis], dtype=np.float64) for axis in "xy")
    frame = np.array(each.get("frame", range(x.size)), dtype=np.float64)
    if x.ndim != 1 or not x.shape == y.shape == frame.shape:
        raise ValueError("x and y differ in length, or from frame")
    number = int(each["id"])
    if not 0 < number < 256:
        raise ValueError(f"id {number} is not from 1 to 255")
    known = of_object(each)
    return Known(str(number), known.mag, number, frame, x, y, known.rate, known.snr)
