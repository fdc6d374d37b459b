"""Images in guides: validated and re-encoded on upload."""

from dataclasses import asdict

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse

from webapp.archive.models import Survey
from webapp.core.pictures import encode_picture
from webapp.guides.models import GuideImage

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def store_image(*, survey: Survey, upload: UploadedFile, by: User) -> GuideImage:
    """Store an uploaded picture; the same pixels give the same row.

    Raises PictureRefused: it is too large, or not a readable picture. Nothing is stored.
    """
    fields = asdict(encode_picture(upload, FORMATS))
    digest = fields.pop("digest")
    defaults = {**fields, "created_by": by}
    return GuideImage.objects.get_or_create(survey=survey, digest=digest, defaults=defaults)[0]


def address_of(image: GuideImage) -> str:
    """Return the picture's permanent URL."""
    return reverse("guide-image", args=[image.pk, image.digest])
