"""Drafts of reports: which tracklets may be in one, and changing what is in it."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from webapp.archive.models import Kind, Subject, Survey
from webapp.archive.models.subject import KNOWN_ORBIT
from webapp.known_objects.unidentified import unidentified
from webapp.reports.models import Report, ReportedTracklet, ReportSettings
from webapp.reports.names import names_of

MOST_AT_ONCE = 500  # tracklets of a report


def reportable(survey: Survey) -> QuerySet[Subject]:
    """Return the tracklets with a scientist's yes and no known object near them, newest first."""
    return unidentified(survey).filter(kind=Kind.TRACKLET, gold_source="ruling")


def candidates(survey: Survey) -> QuerySet[Subject]:
    """Return the reportable tracklets that are in no report yet."""
    return reportable(survey).filter(reported=None)


def no_longer_confirmed(survey: Survey) -> QuerySet[ReportedTracklet]:
    """Return the tracklets of signed reports whose yes a scientist has withdrawn or changed since."""
    signed = ReportedTracklet.objects.filter(report__survey=survey, report__signed_at__isnull=False)
    return signed.exclude(
        subject__gold_label__in=["yes", *survey.positive], subject__gold_source__in=["ruling", KNOWN_ORBIT]
    )


def candidates_of(surveys: Iterable[Survey]) -> QuerySet[Subject]:
    """Return the candidates of several surveys."""
    wanted = Q(pk__in=[])
    for survey in surveys:
        wanted |= Q(pk__in=candidates(survey).order_by().values("pk"))
    return Subject.objects.filter(wanted)


@transaction.atomic
def draft_report(*, survey: Survey, by: User, subjects: Sequence[int]) -> Report:
    """Create a draft with some candidates.

    Raises
    ------
    ValidationError
        The survey has no report settings, none or too many are chosen, or one is no candidate (any more).
    """
    settings = ReportSettings.objects.filter(survey=survey).first()
    if settings is None:
        raise ValidationError(_("The report settings are missing. An admin of the survey fills them in first."))
    if not 0 < len(subjects) <= MOST_AT_ONCE:
        raise ValidationError(_("Choose 1 to %(most)d tracklets.") % {"most": MOST_AT_ONCE})
    found = list(candidates(survey).filter(pk__in=subjects).order_by("mjd", "pk"))
    if len(found) < len(set(subjects)):
        raise ValidationError(_("One of them is no longer a candidate. Choose again; nothing was drafted."))
    report = Report.objects.create(survey=survey, created_by=by)
    try:
        with transaction.atomic():
            names = names_of(settings, found)
            ReportedTracklet.objects.bulk_create(
                ReportedTracklet(report=report, subject=row, trk_sub=names[row.pk]) for row in found
            )
    except IntegrityError as error:
        raise ValidationError(_("One of them was put into another report just now. Choose again.")) from error
    return report


@transaction.atomic
def remove_tracklet(*, report: Report, tracklet: int) -> None:
    """Take a tracklet out of a draft; ValidationError if it is signed."""
    _lock_draft(report)
    report.tracklets.filter(pk=tracklet).delete()


@transaction.atomic
def delete_draft(*, report: Report) -> None:
    """Delete a draft, whose tracklets become candidates again; ValidationError if it is signed."""
    _lock_draft(report).delete()


def _lock_draft(report: Report) -> Report:
    row = Report.objects.select_for_update().filter(pk=report.pk, signed_at=None).first()
    if row is None:
        raise ValidationError(_("The report is signed off or deleted. Nothing has changed."))
    return row
