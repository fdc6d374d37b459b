"""What readers return: a subject with its frames, or an error that says why it can't be read."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ml.io.message import Message, after

KINDS = ("stamp", "tracklet", "cutout", "cube")


class BadInput(ValueError):
    """An unusable input, with a sentence that says why.

    Parameters
    ----------
    reason
        What is wrong and what to do about it: a template, or a `Message`.
    file
        The requested file: a manifest, or the image itself.
    row
        Row in a manifest as a spreadsheet numbers it (the header is row 1), or the packet in an Avro file counted from
        1; None for the whole file.
    image
        The image named in the row.
    **values
        The values of the template, by slot (see `Message`).
    """

    def __init__(
        self, reason: str, /, *, file: str = "", row: int | None = None, image: str = "", **values: object
    ) -> None:
        self.reason = reason if isinstance(reason, Message) else Message(reason, **values)
        self.file, self.row, self.image = file, row, image
        places = file, f"row {row}" if row is not None else "", f"({image})" if image else ""
        super().__init__(after(" ".join(filter(None, places)), self.reason))

    def at(self, *, file: str = "", row: int | None = None, image: str = "") -> Self:
        """Return the same error with its location filled in, if it had none."""
        return type(self)(
            self.reason,
            file=self.file or file,
            row=self.row if self.row is not None else row,
            image=self.image or image,
        )


@dataclass(slots=True)
class FrameRecord:
    """One exposure of a subject.

    Attributes
    ----------
    pixels
        (C, H, W), native byte order, the dtype of the file; NaN where there is no measurement.
        Row 0 is the bottom row.
    mjd_mid
        Middle of the exposure, MJD in UTC; None when unknown.
    mjd_keyword
        The origin of `mjd_mid`, such as ``"MJD-OBS + EXPTIME/2"``.
    exptime
        Seconds.
    wcs
        The FITS cards of the celestial WCS, pixel origin 1 as in FITS; None without one.
    ra, dec
        Degrees, ICRS.
    mag, snr
        Magnitude and signal-to-noise ratio of the detection.
    rms_ra, rms_dec
        Errors of the position toward east (with cos δ) and north, arcsec.
    rms_corr
        Their correlation, between -1 and 1.
    """

    pixels: np.ndarray
    mjd_mid: float | None = None
    mjd_keyword: str = ""
    exptime: float | None = None
    band: str = ""
    wcs: dict[str, float | str] | None = None
    ra: float | None = None
    dec: float | None = None
    mag: float | None = None
    snr: float | None = None
    rms_ra: float | None = None
    rms_dec: float | None = None
    rms_corr: float | None = None


LightCurve = list[tuple[float, str, float, float | None]]
"""Points in order of time: MJD in UTC, band, magnitude and its error; without one, an upper limit."""


@dataclass(slots=True)
class SubjectRecord:
    """One subject as read from a file.

    Attributes
    ----------
    kind
        ``"stamp"``, ``"tracklet"``, ``"cutout"`` or ``"cube"``.
    label
        Fine class from the data; empty for none.
    gold
        Whether the label is the truth (gold).
    object_group
        Subjects of one object share it; the external id if unknown.
    ra, dec
        Degrees, ICRS.
    rate
        Arcseconds per hour.
    metadata
        JSON-safe; a key that begins with ``#`` is hidden from volunteers, with ``!`` while they classify.
    light_curve
        Earlier photometry of the object.
    channels, pixel_scale
        What its survey's packets say of all their images: what each channel shows, and arcsec per pixel. Empty and None
        elsewhere.
    source, row
        The file, and the row or packet in it (see `BadInput`).
    """

    external_id: str
    kind: str
    frames: list[FrameRecord]
    label: str = ""
    gold: bool = False
    object_group: str = ""
    ra: float | None = None
    dec: float | None = None
    rate: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    light_curve: LightCurve = field(default_factory=list)
    channels: tuple[str, ...] = ()
    pixel_scale: float | None = None
    source: str = ""
    row: int = 0

    def block(self) -> np.ndarray:
        """Return all pixels as one array (F, C, H, W)."""
        return np.stack([frame.pixels for frame in self.frames])

    def checksum(self) -> str:
        """Return a BLAKE2b hex digest of dtype, shape and pixels: equal for equal images, whatever their names."""
        first = self.frames[0].pixels
        digest = hashlib.blake2b(f"{first.dtype.str}{(len(self.frames), *first.shape)}".encode(), digest_size=16)
        for frame in self.frames:
            digest.update(np.ascontiguousarray(frame.pixels).data)
        return digest.hexdigest()
