"""Who may post in a survey's Talk: no suspended person, and newcomers only without links."""

import re

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
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
    if suspension := suspensions_in(survey, author).first():
        told = _(
            "Moderators suspended you from posting until %(until)s UTC: %(reason)s Your classifications still count."
        ) % {"until": f"{suspension.until:%Y-%m-%d %H:%M}", "reason": suspension.reason_sentence}
        raise ValidationError(f"{told} {_about_appeal(suspension)}".strip())
    if LINK.search(text) and is_newcomer(author, survey):
        raise ValidationError(
            _("You can post links after %(n)d classifications. Leave the link out for now.") % {"n": NEWCOMER_BELOW}
        )


def _about_appeal(suspension: ModeratorAction) -> str:
    """Return where to appeal, that an appeal waits, or nothing if it is answered."""
    appeal = getattr(suspension, "appeal", None)
    if appeal is None:
        return _("You can appeal under Safety, one of your pages.")
    return _("Your appeal waits for an answer.") if appeal.is_granted is None else ""


def is_newcomer(author: Volunteer, survey: Survey) -> bool:
    """Return whether the author has few classifications, and no role in the survey."""
    if author.user and Membership.objects.allows(author.user, survey, Role.MODERATOR):
        return False
    return Classification.objects.standing().filter(volunteer=author)[:NEWCOMER_BELOW].count() < NEWCOMER_BELOW


def suspensions_in(survey: Survey, author: Volunteer | None) -> QuerySet[ModeratorAction]:
    """Return those of somebody's suspensions that keep them from posting in the survey's Talk now."""
    return suspensions(author).filter(survey=survey) if author else ModeratorAction.objects.none()


def suspensions(author: Volunteer) -> QuerySet[ModeratorAction]:
    """Return the suspensions that keep somebody from posting now, the one that ends last first."""
    rows = ModeratorAction.objects.filter(author=author, until__gt=timezone.now(), lifted_at=None)
    return rows.select_related("survey", "appeal").order_by("-until")
