"""Images in guides: uploaded ones, validated and re-encoded, and those of subjects."""

from dataclasses import asdict

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.urls import reverse
from django.utils.translation import gettext as _

from ml.imaging.png import to_png
from webapp.archive.blinding import only_unblinded
from webapp.archive.models import Subject, Survey
from webapp.archive.pixels import pixels_of
from webapp.core.pictures import PictureRefused, encode_picture
from webapp.guides.models import GuideImage

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_IMAGES = 24  # of a subject, side by side
HEIGHT = 160
"""Pixels of each frame of a subject, as of the field guide's examples."""


def store_image(*, survey: Survey, upload: UploadedFile, by: User) -> GuideImage:
    """Store an uploaded picture; the same pixels give the same row.

    Raises PictureRefused: it is too large, or not a readable picture. Nothing is stored.
    """
    fields = asdict(encode_picture(upload, FORMATS))
    digest = fields.pop("digest")
    defaults = {**fields, "created_by": by}
    return GuideImage.objects.get_or_create(survey=survey, digest=digest, defaults=defaults)[0]


def store_subject_picture(*, survey: Survey, name: str, by: User) -> GuideImage:
    """Store what a subject of the survey looks like in all its images; the guide keeps it if the subject goes.

    Raises PictureRefused: no subject that `by` sees has this name, it has no pixels any more, or too many images.
    Nothing is stored.
    """
    rows = Subject.objects.filter(survey=survey, external_id=name.replace("\0", ""))
    subject = only_unblinded(rows.select_related("survey"), by).first()
    if subject is None:
        raise PictureRefused(_("This survey has no subject “%(name)s”.") % {"name": name})
    try:
        pixels = pixels_of(subject)
    except LookupError as error:
        raise PictureRefused(_("The pixels of “%(name)s” are no longer stored.") % {"name": name}) from error
    if pixels.shape[0] * pixels.shape[1] > MOST_IMAGES:
        raise PictureRefused(_("“%(name)s” has too many images for one picture.") % {"name": name})
    png = to_png(pixels, size=HEIGHT)
    return store_image(survey=survey, upload=SimpleUploadedFile("subject.png", png), by=by)


def address_of(image: GuideImage) -> str:
    """Return the picture's permanent URL."""
    return reverse("guide-image", args=[image.pk, image.digest])
