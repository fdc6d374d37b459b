"""PNG, JPEG and npy files as pictures."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ml.io.limits import MAX_BYTES, MAX_SCANS, check_bytes, decoding, size_in_words
from ml.io.message import Message
from ml.io.picture import ArrayPicture
from ml.io.records import BadInput

_JPEG, _SCAN = b"\xff\xd8", b"\xff\xda"
_DIRECT = ("L", "RGB", "I;16", "I")
"""Pillow's modes that are used unchanged; palettes, transparency and CMYK become RGB or grey first."""


def open_image(path: Path) -> ArrayPicture:
    """Read a PNG or JPEG.

    The first row of such a file is its top; it is flipped, so that row 0 is the bottom as everywhere else.

    Returns
    -------
    ArrayPicture
        (C, H, W): one channel for grey, three for colour; uint8, or uint16 (int32 for Pillow's ``I``).

    Raises BadInput: the file is of another type, is truncated, or claims more pixels than allowed: this is checked in
    its first bytes, before anything is unpacked.
    """
    if path.stat().st_size > MAX_BYTES:
        raise BadInput("is larger than %(most)s. Cut it into smaller images.", most=size_in_words(MAX_BYTES))
    data = path.read_bytes()
    if data.count(_SCAN) > MAX_SCANS and data.startswith(_JPEG):
        raise BadInput("is a JPEG in more than %(most)s passes. Save it again as an ordinary JPEG.", most=MAX_SCANS)
    with decoding(Message("cannot be read as a PNG or JPEG")), _opened(data) as image:
        check_bytes(image.width * image.height * len(image.getbands()), Message("this image"))
        upright = ImageOps.exif_transpose(image)
        pixels = np.asarray(upright if upright.mode in _DIRECT else upright.convert(_plain_mode(upright.mode)))
    channels = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    return ArrayPicture(np.ascontiguousarray(channels[:, ::-1]), colours=True)


def _opened(data: bytes) -> Image.Image:
    """Open only the header; from memory, so that a chunk that claims gigabytes cannot allocate them."""
    try:
        return Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except Image.DecompressionBombError as error:
        raise BadInput(
            "has far more pixels than %(most)s can hold. Cut it first.", most=size_in_words(MAX_BYTES)
        ) from error


def _plain_mode(mode: str) -> str:
    return "L" if mode in ("1", "LA", "La") else "RGB"


def open_npy(path: Path) -> ArrayPicture:
    """Read an npy file of numbers, (…, H, W), row 0 at the bottom; objects and pickles are refused.

    Raises BadInput: it is no npy file of numbers with at least two axes, or is shorter than its header claims.
    """
    with decoding(Message("is not a readable npy file of numbers")):
        # Mapped first, so that a header's claim is held against the file's real size before memory is asked for.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(mapped, np.ndarray) or mapped.dtype.kind not in "iuf" or mapped.ndim < 2 or mapped.size == 0:
        found = f"{mapped.dtype} {mapped.shape}" if isinstance(mapped, np.ndarray) else Message("an archive")
        raise BadInput(
            "holds %(found)s; an image of numbers with at least two axes and one pixel is needed.", found=found
        )
    check_bytes(mapped.nbytes, Message("this array"))
    return ArrayPicture(np.array(mapped, dtype=mapped.dtype.newbyteorder("=")), colours=False)
