"""Who may post in a survey's Talk: no suspended person, and newcomers only without links."""

import re
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Survey
from webapp.classifications.models import Classification
from webapp.community.models import ModeratorAction
from webapp.volunteers.models import Volunteer

LINK = re.compile(r"https?://|www\.|\]\(", re.IGNORECASE)
NEWCOMER_BELOW = 10
"""Classifications before which somebody is a newcomer, who posts no links."""


def check_author(author: Volunteer, survey: Survey, text: str) -> None:
    """Raise ValidationError if the author may not post this in the survey's Talk: suspended, or a newcomer's link."""
    until = suspended_until(author, survey)
    if until:
        raise ValidationError(
            _("Moderators suspended you from posting until %(until)s UTC. Your classifications still count.")
            % {"until": f"{until:%Y-%m-%d %H:%M}"}
        )
    if LINK.search(text) and is_newcomer(author, survey):
        raise ValidationError(
            _("You can post links after %(n)d classifications. Leave the link out for now.") % {"n": NEWCOMER_BELOW}
        )


def is_newcomer(author: Volunteer, survey: Survey) -> bool:
    """Return whether the author has few classifications, and no role in the survey."""
    if author.user and Membership.objects.allows(author.user, survey, Role.MODERATOR):
        return False
    return Classification.objects.standing().filter(volunteer=author)[:NEWCOMER_BELOW].count() < NEWCOMER_BELOW


def suspended_until(author: Volunteer, survey: Survey) -> datetime | None:
    """Return when the author may post again; None if they may now."""
    rows = ModeratorAction.objects.filter(author=author, survey=survey, until__gt=timezone.now(), lifted_at=None)
    return rows.order_by("-until").values_list("until", flat=True).first()
