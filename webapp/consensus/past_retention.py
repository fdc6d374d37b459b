"""Which subjects a workflow has settled as bogus so long ago that the survey keeps their pixels no longer."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from webapp.consensus.models import SETTLED_BY_VOTES, Consensus
from webapp.workflows.models import Workflow

NONE = Q(pk__in=[])


def past_retention(workflow: Workflow) -> Q:
    """Return the condition on a consensus: settled as bogus by votes, more than `drop_bogus_after` days ago.

    The newest `keep_bogus` of the workflow stay in any case: models need bogus subjects too. None without a rule.
    """
    survey = workflow.survey
    if survey.drop_bogus_after is None:
        return NONE
    settled = Q(workflow=workflow, is_retired=True, retired_reason__in=SETTLED_BY_VOTES, posterior__lt=0.5)
    before = timezone.now() - timedelta(days=survey.drop_bogus_after)
    if survey.keep_bogus:
        newest = Consensus.objects.filter(settled, retired_at__isnull=False).order_by("-retired_at")
        oldest_kept = newest.values_list("retired_at", flat=True)[survey.keep_bogus - 1 : survey.keep_bogus].first()
        if oldest_kept is None:
            return NONE
        before = min(before, oldest_kept)
    return settled & Q(retired_at__lt=before)
