"""One row of a manifest: its cells, checked."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ml.io.manifest_columns import HIDDEN, SHARED_TIME, Columns, time_of_frame
from ml.io.message import Message
from ml.io.observer_place import AXES, VELOCITY
from ml.io.open_pictures import SUFFIXES
from ml.io.picture import Selection
from ml.io.records import BadInput, FrameRecord

_YES = {"1", "true", "yes", "y", "t"}
_NO = {"", "0", "false", "no", "n", "f"}
_PLANE = re.compile(r"\d{1,18}")  # longer ones are no planes, and Python reads no number of thousands of digits
_RANGE = re.compile(r"(\d{1,18}):(\d{1,18})")
_RANGES = {
    "ra": (0.0, 360.0, Message("degrees from 0 to 360")),
    "dec": (-90.0, 90.0, Message("degrees from -90 to 90")),
    "mjd": (1.0, 200_000.0, Message("a modified Julian date (for a Julian date, subtract 2400000.5)")),
    "exptime": (0.0, 1e7, Message("seconds, not negative")),
    "mag": (-100.0, 100.0, Message("a magnitude; leave the cell empty where there is none")),
    "snr": (-1e9, 1e9, Message("a number")),
    "rms_ra": (1e-6, 3600.0, Message("arcseconds, above 0")),
    "rms_dec": (1e-6, 3600.0, Message("arcseconds, above 0")),
    "rms_corr": (-0.9999, 0.9999, Message("a correlation, between -1 and 1")),
    "rate": (-1e7, 1e7, Message("arcseconds per hour")),
}
_BY_FRAME = re.compile(rf"([{''.join(HIDDEN)}]?(?:{'|'.join(('x', 'y', *AXES, *VELOCITY))}))(\d{{1,18}})")
_MEASURED = ("mjd", "exptime", "mag", "snr", "rms_ra", "rms_dec", "rms_corr")
MOST_CUT_OUT = 2048
"""Maximum side of a cutout in pixels."""


@dataclass(slots=True)
class Row:
    """The cells of one row and the columns that explain them."""

    columns: Columns
    cells: list[str]

    def text(self, name: str) -> str:
        """Return the cell of a known column; empty without such a column."""
        position = self.columns.known.get(name)
        return self.cells[position] if position is not None else ""

    def number(self, name: str, frame: int | None = None) -> float | None:
        """Return a number checked against its range; None if the cell is empty.

        With `frame`, only that frame's column (such as ``mjd3``) is read.
        """
        position = self.columns.known.get(name) if frame is None else self.columns.by_frame.get((name, frame))
        text = self.cells[position] if position is not None else ""
        return _checked(name, text, frame) if text else None

    def images(self) -> list[tuple[int, str]]:
        """Return (frame number, file name) of every image in the row."""
        named = [(number, self.cells[at]) for number, at in zip(self.columns.numbers, self.columns.images, strict=True)]
        if not self.columns.images:
            values = [self.cells[at] for key, at in self.columns.metadata if not key.startswith(HIDDEN)]
            named = list(enumerate((value for value in values if value.lower().endswith(SUFFIXES)), start=1))
        return [(number, name) for number, name in named if name]

    def selection(self) -> Selection:
        """Return the planes that the row takes from its file: `plane` (counted from 0) or `planes` (``first:stop``)."""
        plane, planes = self.text("plane"), self.text("planes")
        if plane and not _PLANE.fullmatch(plane):
            raise BadInput("`plane` is “%(value)s”; it must be a whole number counted from 0.", value=plane)
        if plane:
            return int(plane)
        bounds = _RANGE.fullmatch(planes)
        if planes and not (bounds and int(bounds[1]) < int(bounds[2])):
            raise BadInput(
                "`planes` is “%(value)s”; it must be a range such as 0:4, for planes 0, 1, 2 and 3.", value=planes
            )
        return slice(int(bounds[1]), int(bounds[2])) if bounds else None

    def cutout_size(self) -> int | None:
        """Return the side in pixels of the cutout to make from a mosaic; None to take the image whole."""
        text = self.text("cutout_size")
        if not text:
            return None
        if not _PLANE.fullmatch(text) or not 3 <= int(text) <= MOST_CUT_OUT:
            raise BadInput(
                "`cutout_size` is “%(value)s”; it must be a whole number of pixels from 3 to %(most)s.",
                value=text,
                most=MOST_CUT_OUT,
            )
        return int(text)

    def external_id(self) -> str:
        """Return the name of the subject: its own column, or its first file and plane."""
        given = self.text("external_id")
        plane = self.text("plane") or self.text("planes")
        return given or ":".join(filter(None, [self.images()[0][1], plane]))

    def gold(self) -> bool:
        text = self.text("gold").lower()
        if text not in _YES | _NO:
            raise BadInput("`gold` is “%(value)s”; write true or false.", value=text)
        return text in _YES

    def position(self) -> tuple[float | None, float | None]:
        """Return right ascension and declination in degrees, both or neither."""
        ra, dec = self.number("ra"), self.number("dec")
        if (ra is None) != (dec is None):
            raise BadInput("has only one of `ra` and `dec`. Fill in both, or neither.")
        return ra, dec

    def metadata(self, numbers: list[int]) -> dict[str, str]:
        """Return all other non-empty cells, as text.

        Parameters
        ----------
        numbers
            The number of each frame, as in ``x3`` or ``obs_x3``: such columns are numbered like the frames, from 1.
        """
        files = {name for _, name in self.images()}
        cells = {
            key: self.cells[at] for key, at in self.columns.metadata if self.cells[at] and self.cells[at] not in files
        }
        return cells if numbers == list(range(1, len(numbers) + 1)) else dict(_numbered_by_frame(cells, numbers))

    def annotate(self, frames: list[FrameRecord], numbers: list[int]) -> None:
        """Override what the frames' headers say with the row's cells.

        The row's `ra` and `dec` are the subject's. They are a frame's too if it is the only one; several frames with
        one position would be a mover that stands still.

        Parameters
        ----------
        frames
            Changed in place.
        numbers
            The number of each frame, as in ``mjd3``.
        """
        band = self.text("band")
        common = {name: self.number(name) for name in _MEASURED}
        ra, dec = self.position() if len(frames) == 1 else (None, None)
        for frame, number in zip(frames, numbers, strict=True):
            own = {name: self.number(name, number) for name in (*_MEASURED, "ra", "dec")}
            at = self.columns.by_frame.get(("band", number))
            frame.band = (self.cells[at] if at is not None else "") or band or frame.band
            frame.exptime = _first(own["exptime"], common["exptime"], frame.exptime)
            for name in ("mag", "snr", "rms_ra", "rms_dec", "rms_corr"):
                setattr(frame, name, _first(own[name], common[name]))
            frame.ra, frame.dec = _first(own["ra"], ra), _first(own["dec"], dec)
            mjd = _first(own["mjd"], common["mjd"])
            if mjd is not None:
                frame.mjd_mid = mjd
                frame.mjd_keyword = time_of_frame(number) if own["mjd"] is not None else SHARED_TIME


def _numbered_by_frame(cells: dict[str, str], numbers: list[int]) -> Iterator[tuple[str, str]]:
    """Yield cells with their columns numbered like the frames; those of a frame that is missing are left out."""
    frame_of = {number: frame for frame, number in enumerate(numbers, 1)}
    for name, text in cells.items():
        if (found := _BY_FRAME.fullmatch(name)) is None:
            yield name, text
        elif int(found[2]) in frame_of:
            yield f"{found[1]}{frame_of[int(found[2])]}", text


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _checked(name: str, text: str, frame: int | None) -> float:
    low, high, meaning = _RANGES[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise BadInput(
            "`%(name)s` is “%(value)s”; it must be %(meaning)s.",
            name=f"{name}{frame or ''}",
            value=text,
            meaning=meaning,
        )
    return value
