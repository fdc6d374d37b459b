"""Uploaded pictures: bounded, recognised by their content, and encoded anew before anything is kept."""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MOST_BYTES = 2 * 2**20
MOST_PIXELS = 4096
"""Maximum side in pixels."""

KEPT_AS = {"PNG": "image/png", "JPEG": "image/jpeg"}
NAMES = {"PNG": "PNG", "JPEG": "JPEG", "WEBP": "WebP", "GIF": "GIF"}


class PictureRefused(ValueError):
    """A file that is not accepted as a picture; the message says why and what to do, and the page what was saved."""


@dataclass(frozen=True)
class Encoded:
    """A picture as the site keeps it: only its pixels, without the metadata that it came with."""

    content: bytes
    content_type: str
    digest: str
    width: int
    height: int


def encode_picture(upload: UploadedFile, formats: Sequence[str]) -> Encoded:
    """Return an uploaded picture, encoded anew as PNG, or as JPEG if it came as one or is large; shrunk if that is too.

    Parameters
    ----------
    formats
        Pillow's names of the formats that are accepted.

    Raises PictureRefused: it is too large, or not a readable picture of these formats.
    """
    if (upload.size or 0) > MOST_BYTES:
        raise PictureRefused(_("The file is larger than 2 MB. Upload a smaller one."))
    name, upright = _read(upload, formats)
    content = _encoded(upright, name)
    if len(content) > MOST_BYTES:
        name, upright = "JPEG", upright.convert("RGB")
        content = _encoded(upright, name)
    while len(content) > MOST_BYTES:  # noise in few colours grows by seven times
        upright = upright.reduce(2)
        content = _encoded(upright, name)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return Encoded(content, KEPT_AS[name], digest, upright.width, upright.height)


def _read(upload: UploadedFile, formats: Sequence[str]) -> tuple[str, Image.Image]:
    """Return a format to keep, and the first frame, decoded and upright; the size is checked before decoding.

    Pillow warns above 89 million pixels, and above twice as many raises an error without the size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, and of damaged metadata
            picture = Image.open(upload, formats=tuple(formats))
            if max(picture.size) > MOST_PIXELS:
                raise PictureRefused(
                    _("The image is %(width)d × %(height)d pixels; the limit is %(most)d per side.")
                    % {"width": picture.width, "height": picture.height, "most": MOST_PIXELS}
                )
            picture.load()
            return "JPEG" if picture.format == "JPEG" else "PNG", ImageOps.exif_transpose(picture)
    except PictureRefused:
        raise
    except Image.DecompressionBombError as error:
        raise PictureRefused(
            _("The image is too large; the limit is %(most)d pixels per side.") % {"most": MOST_PIXELS}
        ) from error
    except Exception as error:  # damage makes Pillow raise nearly anything: struct.error, TypeError, KeyError
        raise PictureRefused(
            _("This file is not a readable image. Use one of these formats: %(formats)s.")
            % {"formats": ", ".join(NAMES[each] for each in formats)}
        ) from error


def _encoded(picture: Image.Image, name: str) -> bytes:
    """Encode only the pixels: no metadata, no location, no trailing bytes."""
    mode = "RGB" if name == "JPEG" or picture.mode not in ("L", "LA", "RGBA", "P", "PA") else "RGBA"
    pixels = picture.convert(mode)
    clean = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    buffer = BytesIO()
    clean.save(buffer, name, **({"quality": 88} if name == "JPEG" else {"optimize": True}))
    return buffer.getvalue()
