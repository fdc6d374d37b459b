"""Signed reports that everybody may read: those that give away no subject's answer."""

from django.db.models import Exists, OuterRef, QuerySet

from webapp.archive.models import Survey
from webapp.queue.entries import waiting_for
from webapp.reports.models import Report, ReportedTracklet
from webapp.volunteers.models import Volunteer


def public_reports(survey: Survey, reader: Volunteer | None) -> QuerySet[Report]:
    """Return the survey's signed reports, newest first, without those on a subject that the reader may still get.

    Parameters
    ----------
    reader
        None for somebody who has answered nothing.
    """
    asked = ReportedTracklet.objects.filter(Exists(waiting_for(reader, "subject")), report=OuterRef("pk"))
    return Report.objects.filter(survey=survey, signed_at__isnull=False).exclude(Exists(asked))
