"""Pictures in comments: encoded anew, described in words, few from newcomers, and seen by whoever reads the comment."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.community.authors import is_newcomer
from webapp.community.models import CommentPicture
from webapp.core.pictures import PictureRefused, encode_picture
from webapp.core.rate_limits import ByAddress
from webapp.volunteers.models import Volunteer

FORMATS = ("PNG", "JPEG", "WEBP")
LONGEST_ALT = 300
MOST_OF_NEWCOMERS = 3
"""Pictures that a newcomer may post in 24 hours."""


def read_picture(upload: UploadedFile | None, alt: str) -> CommentPicture | None:
    """Return an uploaded picture, encoded anew and not stored yet; None without one.

    Raises ValidationError: it is too large or no picture, or its description is missing or too long.
    """
    if upload is None:
        return None
    if not alt.strip():
        raise ValidationError(_("Describe in a few words what the picture shows, for people who can't see it."))
    if len(alt.strip()) > LONGEST_ALT or "\0" in alt:
        raise ValidationError(_("Describe the picture in up to %(most)d characters.") % {"most": LONGEST_ALT})
    try:
        return CommentPicture(alt=alt.strip(), **asdict(encode_picture(upload, FORMATS)))
    except PictureRefused as error:
        raise ValidationError(str(error)) from error


def check_pictures(author: Volunteer, survey: Survey) -> None:
    """Raise ValidationError if the author is a newcomer who has posted enough pictures today."""
    since = timezone.now() - timedelta(days=1)
    recent = CommentPicture.objects.filter(comment__author=author, comment__created_at__gt=since)
    if is_newcomer(author, survey) and recent.count() >= MOST_OF_NEWCOMERS:
        raise ValidationError(
            _("Newcomers can post %(most)d pictures a day. Leave the picture out for now.")
            % {"most": MOST_OF_NEWCOMERS}
        )


class PictureRate(ByAddress):
    """Rate limit of sent pictures, refused ones included: decoding them costs time."""

    scope = "pictures"
    rate = "60/hour"


def sent_picture(request: HttpRequest) -> dict[str, Any]:
    """Return the picture of a comment's form, and its description; raises ValidationError above the rate limit."""
    if request.FILES.get("picture") and not PictureRate().allow_request(request, None):
        raise ValidationError(_("Too many pictures came from your network. Try again in an hour."))
    return {"picture": request.FILES.get("picture"), "alt": request.POST.get("alt", "")}
