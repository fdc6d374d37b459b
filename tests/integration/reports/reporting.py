"""Reports for tests: detections, a draft, its contents, and a signature."""

from webapp.archive.models import Frame
from webapp.reports.contents import Contents
from webapp.reports.drafts import draft_report
from webapp.reports.models import ReportSettings
from webapp.reports.sign_off import sign_off

DAY = 60000.4
SETTINGS = {"submitter": "R. Núñez", "measurers": ["A. One", "B. Two"], "design": "Schmidt", "aperture": 0.5}
SETTINGS |= {"catalogue": "Gaia2", "bands": {"o": "Ao"}}


def fill(row, ra, dec=20.0, number=4, **fields):
    for n in range(number):
        of = {"mjd_mid": DAY + n / 100, "ra": ra + n / 1000, "dec": dec, "mag": 19.126, "band": "o", "snr": 10.0}
        Frame.objects.create(subject=row, position=n, exptime=30.0, **of | fields)


def draft(survey, *, count=4):
    keys = survey.subjects.order_by("pk").values_list("pk", flat=True)[:count]
    return draft_report(survey=survey, by=survey.memberships.first().user, subjects=list(keys))


def contents(report):
    report.survey.refresh_from_db()
    return Contents(report, ReportSettings.objects.select_related("survey").get(survey=report.survey))


def sign(report, name="S. Scientist", seen=None):
    by = report.survey.memberships.first().user
    return sign_off(report=report, by=by, name=name, seen=contents(report).digest if seen is None else seen)
