"""FITS scaling (BZERO, BSCALE, BLANK): from stored numbers to physical values, at their original precision."""

import numpy as np

from ml.io.fits.layout import Unit

_SIGN_OFFSETS = {8: -128, 16: 2**15, 32: 2**31, 64: 2**63}


def native(pixels: np.ndarray) -> np.ndarray:
    """Return `pixels` in native byte order, contiguous and writable."""
    return np.array(pixels, dtype=pixels.dtype.newbyteorder("="), order="C")


def scaled(raw: np.ndarray, unit: Unit) -> np.ndarray:
    """Apply BSCALE, BZERO and BLANK.

    Integers shifted by BZERO to the other signedness (how FITS stores uint16) become exactly that type; any other
    scaling of integers gives float32 for up to 16 bits, float64 for more. With BLANK pixels the result is floating
    point too, with NaN for them.

    Parameters
    ----------
    raw
        As read, any shape and byte order; do not reuse it, as the result may share its memory.
    unit
        The HDU with the scaling keywords.

    Returns
    -------
    np.ndarray
        The same shape, native byte order.

    References
    ----------
    FITS standard 4.0, sections 4.4.2.5 and 5.2.5.
    """
    pixels = raw if raw.dtype.isnative else raw.byteswap(inplace=True).view(raw.dtype.newbyteorder("="))
    zero, scale = _number(unit, "BZERO", 0), _number(unit, "BSCALE", 1)
    if pixels.dtype.kind == "f":
        return pixels if (scale, zero) == (1, 0) else (pixels * scale + zero).astype(pixels.dtype)
    blank = unit.card("BLANK")
    missing = pixels == blank if isinstance(blank, int) else None
    if missing is None or not missing.any():
        if (scale, zero) == (1, 0):
            return pixels
        if scale == 1 and zero == _SIGN_OFFSETS[pixels.itemsize * 8]:
            return _other_sign(pixels)
    wide = np.float32 if pixels.itemsize <= 2 else np.float64
    out = (pixels * np.float64(scale) + zero).astype(wide)
    if missing is not None:
        out[missing] = np.nan
    return out


def _number(unit: Unit, keyword: str, default: float) -> float:
    value = unit.card(keyword)
    return value if isinstance(value, int | float) else default


def _other_sign(pixels: np.ndarray) -> np.ndarray:
    """Shift by half the range at the same width: flip the highest bit."""
    unsigned = pixels.view(f"u{pixels.itemsize}")
    unsigned ^= unsigned.dtype.type(1 << (8 * pixels.itemsize - 1))
    return unsigned if pixels.dtype.kind == "i" else unsigned.view("i1")
