"""Images in guides: validated and re-encoded on upload."""

import hashlib
import warnings
from io import BytesIO

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from webapp.archive.models import Survey
from webapp.guides.models import GuideImage

MOST_BYTES = 2 * 2**20
MOST_PIXELS = 4096
"""Maximum side in pixels."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
KEPT_AS = {"PNG": "image/png", "JPEG": "image/jpeg"}


class ImageRefused(ValueError):
    """A file that is not accepted as a picture; the message says why and what to do."""


def keep_image(*, survey: Survey, upload: UploadedFile, by: User) -> GuideImage:
    """Store an uploaded picture; the same pixels give the same row.

    Raises ImageRefused: it is too large, or not a readable picture. Nothing is stored.
    """
    if (upload.size or 0) > MOST_BYTES:
        raise ImageRefused(_("The file is larger than 2 MB. Upload a smaller one. Nothing was saved."))
    picture = _read(upload)
    name = "JPEG" if picture.format == "JPEG" else "PNG"
    content = _encoded(picture, name)
    if len(content) > MOST_BYTES:
        name = "JPEG"
        content = _encoded(picture, name)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    fields = {"width": picture.width, "height": picture.height, "created_by": by}
    row, _made = GuideImage.objects.get_or_create(
        survey=survey, digest=digest, defaults={"content_type": KEPT_AS[name], "content": content, **fields}
    )
    return row


def address_of(image: GuideImage) -> str:
    """Return the picture's permanent URL."""
    return reverse("guide-image", args=[image.pk, image.digest])


def _read(upload: UploadedFile) -> Image.Image:
    """Return the first frame, decoded; the size is checked before decoding.

    Pillow warns above 89 million pixels, and above twice as many raises an error without the size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(upload, formats=FORMATS)
            if max(picture.size) > MOST_PIXELS:
                raise ImageRefused(
                    _("The image is %(width)d × %(height)d pixels; the limit is %(most)d per side. Nothing was saved.")
                    % {"width": picture.width, "height": picture.height, "most": MOST_PIXELS}
                )
            picture.load()
    except ImageRefused:
        raise
    except Image.DecompressionBombError as error:
        raise ImageRefused(
            _("The image is too large; the limit is %(most)d pixels per side. Nothing was saved.")
            % {"most": MOST_PIXELS}
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageRefused(
            _("This file is not a readable image. Use PNG, JPEG, WebP or GIF. Nothing was saved.")
        ) from error
    return picture


def _encoded(picture: Image.Image, name: str) -> bytes:
    """Encode only the pixels: no metadata, no location, no trailing bytes."""
    mode = "RGB" if name == "JPEG" or picture.mode not in ("L", "LA", "RGBA", "P", "PA") else "RGBA"
    pixels = ImageOps.exif_transpose(picture).convert(mode)
    clean = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    buffer = BytesIO()
    clean.save(buffer, name, **({"quality": 88} if name == "JPEG" else {"optimize": True}))
    return buffer.getvalue()
