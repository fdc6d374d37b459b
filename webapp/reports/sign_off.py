"""Signing a report off: a named scientist stands for every line, and the files are stored for good."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.queue.membership import end_training
from webapp.reports.contents import Contents
from webapp.reports.models import Report, ReportSettings


@transaction.atomic
def sign_off(*, report: Report, by: User, name: str, seen: str) -> Report:
    """Sign a report off, store its files, and end its subjects' service as training, since the report is public.

    Signing takes turns in the whole observatory, so that no detection is reported twice by two reports at once.

    Parameters
    ----------
    name
        The scientist's name, for the record.
    seen
        The digest of the contents that the scientist saw; if they have changed since, nothing is signed.

    Raises
    ------
    ValidationError
        It is signed already, has changed, or has problems; or the name is empty.
    """
    code = report.survey.observatory
    list(Survey.objects.select_for_update(no_key=True).filter(observatory=code).order_by("pk").values_list("pk"))
    drafts = Report.objects.select_for_update(of=("self",)).select_related("survey").filter(signed_at=None)
    row = drafts.filter(pk=report.pk).first()
    if row is None:
        raise ValidationError(_("The report is signed off or deleted already. Nothing has changed."))
    if not name.strip():
        raise ValidationError(_("Write your name: it stands in the record."))
    contents = Contents(row, ReportSettings.objects.select_related("survey").get(survey=row.survey))
    if not contents.is_ready:
        raise ValidationError(_("The report has problems. Solve them first; nothing was signed."))
    if contents.digest != seen:
        raise ValidationError(_("The report has changed since you opened it. Read it again, then sign."))
    files = contents.files()
    row.signed_by, row.signed_name, row.signed_at = by, name.strip(), timezone.now()
    row.psv, row.xml, row.obs80 = files["psv"], files["xml"], files["obs80"]
    row.full_clean(exclude=["survey", "created_by", "signed_by"], validate_constraints=False)
    row.save()
    end_training(row.tracklets.values_list("subject", flat=True))
    return row
