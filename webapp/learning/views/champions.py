"""Make a checkpoint champion by hand, or step back to the one before."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.learning.models import Checkpoint, ModelRole
from webapp.learning.promote import NoEarlierChampion, promote, rollback


@require_POST
@survey_page(Role.ADMIN)
def promote_checkpoint(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    checkpoint = get_object_or_404(Checkpoint, survey=survey, pk=pk)
    reason = request.POST.get("reason", "").strip() or f"Promoted by hand by {request.user}."
    if promote(checkpoint=checkpoint, by=person(request), reason=reason) is None:
        messages.info(request, f"Model {checkpoint.pk} is the champion already. Nothing has changed.")
    else:
        messages.success(request, f"Model {checkpoint.pk} is now the champion. The archive is being scored with it.")
    return redirect("learning", survey.slug)


@require_POST
@survey_page(Role.ADMIN)
def rollback_champion(request: HttpRequest, survey: Survey, role: str) -> HttpResponse:
    if role not in ModelRole.values:
        raise Http404(f"No model has the role {role}.")
    try:
        promotion = rollback(survey=survey, role=role, by=person(request))
    except NoEarlierChampion as error:
        messages.error(request, str(error))
    else:
        if promotion is not None:
            messages.success(request, f"Model {promotion.checkpoint_id} is the champion again.")
    return redirect("learning", survey.slug)
