"""Search for links, decide on them, and build tracklets."""

from tasks.jobs import propose_links, store_linked
from tests.integration.people import member
from webapp.core.jobs import JobState
from webapp.linking.decisions import decide, start_linking
from webapp.linking.models import Decision, TrackletBuild

NIGHT = 60000.3


def search(survey, **values):
    by = survey.memberships.first().user if survey.memberships.exists() else member(survey, "scientist")
    of = {"first_mjd": NIGHT - 0.5, "last_mjd": NIGHT + 0.5, "position_error": 0.3, **values}
    job = start_linking(survey=survey, by=by, **of)
    propose_links(job.pk)
    job.refresh_from_db()
    return job


def confirm(survey, *proposals, decision=Decision.CONFIRMED):
    keys = [row.pk for row in proposals]
    return decide(survey=survey, proposals=keys, by=survey.memberships.first().user, decision=decision)


def build(survey):
    job = TrackletBuild.objects.get(survey=survey, state=JobState.QUEUED)
    store_linked(job.pk)
    job.refresh_from_db()
    return job


def names(proposal):
    return [row.external_id for row in proposal.members.order_by("mjd")]
