"""A subject's original pixels as files: FITS with times and WCS, and NumPy's .npy."""

import io
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.time import Time

from webapp.archive.models import Frame, Subject

STRUCTURAL = ("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "BLANK", "END")


def npy_file(block: np.ndarray) -> bytes:
    """Return pixels (frames, channels, height, width) as a .npy file; row 0 is the lowest."""
    file = io.BytesIO()
    np.save(file, block, allow_pickle=False)
    return file.getvalue()


def fits_file(subject: Subject, block: np.ndarray) -> bytes:
    """Return a FITS file with an image extension for each frame.

    Parameters
    ----------
    subject
        With its survey.
    block
        Pixels (frames, channels, height, width), row 0 the lowest; NaN stays. FITS has no half precision: those become
        float32. A frame of one channel is an image of two axes.

    Returns
    -------
    bytes
        The primary header has `OBJECT`, `SURVEY` and `SUBJECT`; each extension the frame's WCS cards, `MJD-AVG` and
        `DATE-AVG` (UTC, middle of the exposure), `XPOSURE` (s), `FILTER`, `OBJ-RA`, `OBJ-DEC` (deg, ICRS), `OBJ-MAG`
        and `OBJ-SNR`, as far as they are known.
    """
    primary = fits.PrimaryHDU()
    _set(primary.header, [("OBJECT", subject.external_id), ("SURVEY", subject.survey.slug), ("SUBJECT", subject.pk)])
    images = block.astype(np.float32) if block.dtype == np.float16 else block
    frames = {frame.position: frame for frame in subject.frames.all()}
    extensions = [_image(images[place], frames.get(place), place) for place in range(len(images))]
    file = io.BytesIO()
    fits.HDUList([primary, *extensions]).writeto(file, output_verify="silentfix+ignore")
    return file.getvalue()


def _image(pixels: np.ndarray, frame: Frame | None, place: int) -> fits.ImageHDU:
    image = fits.ImageHDU(pixels[0] if len(pixels) == 1 else pixels, name=f"FRAME{place}")
    if frame is not None:
        _set(image.header, _cards(frame))
    return image


def _cards(frame: Frame) -> Iterator[tuple[str, Any]]:
    """Yield a frame's cards. Its WCS describes the stamp's own pixels; other cards of that name win."""
    yield from (frame.wcs or {}).items()
    if frame.mjd_mid is not None and math.isfinite(frame.mjd_mid):
        date = Time(frame.mjd_mid, format="mjd", scale="utc").isot
        yield from (("TIMESYS", "UTC"), ("MJD-AVG", frame.mjd_mid), ("DATE-AVG", date))
    yield from (
        ("XPOSURE", frame.exptime), ("FILTER", frame.band or None),
        ("OBJ-RA", frame.ra), ("OBJ-DEC", frame.dec), ("OBJ-MAG", frame.mag), ("OBJ-SNR", frame.snr),
    )  # fmt: skip


def _set(header: fits.Header, cards: Iterable[tuple[str, Any]]) -> None:
    """Set cards, but not those that describe the array, nor what FITS cannot hold."""
    for name, value in cards:
        if not name.upper().startswith(STRUCTURAL) and isinstance(value, str | int | float):
            header[name] = _plain(value)


def _plain(value: str | float) -> str | float | None:
    """Return text in printable ASCII, and a number that is none as an undefined card."""
    if isinstance(value, str):
        return value.encode("ascii", "replace").decode() if value.isprintable() else ""
    return value if math.isfinite(value) else None
