"""Make a checkpoint champion by hand, step back to the one before, or have it score what failed."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.learning.models import Checkpoint, ModelRole
from webapp.learning.promote import NoEarlierChampion, champion_of, promote, rollback
from webapp.learning.sentences import BY_HAND
from webapp.learning.unscored import score_unscored


@require_POST
@survey_page(Role.ADMIN)
def promote_checkpoint(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    checkpoint = get_object_or_404(Checkpoint, survey=survey, pk=pk)
    reason = request.POST.get("reason", "").strip() or BY_HAND(name=request.user)
    if promote(checkpoint=checkpoint, by=person(request), reason=reason) is None:
        said = _("Model %(number)d is the champion already. Nothing has changed.")
        messages.info(request, said % {"number": checkpoint.pk})
    else:
        said = _("Model %(number)d is now the champion. The archive is being scored with it.")
        messages.success(request, said % {"number": checkpoint.pk})
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
            said = _("Model %(number)d is the champion again.")
            messages.success(request, said % {"number": promotion.checkpoint_id})
    return redirect("learning", survey.slug)


@require_POST
@survey_page(Role.ADMIN)
def score_again(request: HttpRequest, survey: Survey, role: str) -> HttpResponse:
    champion = champion_of(survey, role)
    if champion is None:
        raise Http404(f"There is no champion of the role {role}.")
    if score_unscored(champion, given_up=True) is None:
        messages.info(request, _("Nothing has been started: no score is missing, or files are being read or scored."))
    else:
        messages.success(request, _("What is missing is being scored."))
    return redirect("learning", survey.slug)
