"""What admins do with champions: promote a checkpoint, roll back, score missing subjects."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.request_values import whole_number
from webapp.learning.manual_promotion import Unconfirmed, promote_by_hand
from webapp.learning.models import Checkpoint, ModelRole
from webapp.learning.promotion import ChampionChanged, NoEarlierChampion, champion_of, rollback
from webapp.learning.scoring import score_unscored


@require_POST
@survey_page(Role.ADMIN)
def promote_checkpoint(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    checkpoint = get_object_or_404(Checkpoint, survey=survey, pk=pk)
    reason, is_confirmed = request.POST.get("reason", ""), "confirmed" in request.POST
    try:
        promotion = promote_by_hand(
            checkpoint=checkpoint,
            by=person(request),
            reason=reason,
            is_confirmed=is_confirmed,
            replaces=whole_number(request.POST.get("replaces", "")),
        )
    except (Unconfirmed, ChampionChanged) as error:
        messages.error(request, " ".join(error.messages) if isinstance(error, Unconfirmed) else str(error))
        return redirect("training-run", survey.slug, checkpoint.run_id)
    if promotion is None:
        message = _("Model %(number)d is the champion already. Nothing has changed.")
        messages.info(request, message % {"number": checkpoint.pk})
    else:
        message = _("Model %(number)d is now the champion. The archive is being scored with it.")
        messages.success(request, message % {"number": checkpoint.pk})
    return redirect("learning", survey.slug)


@require_POST
@survey_page(Role.ADMIN)
def rollback_champion(request: HttpRequest, survey: Survey, role: str) -> HttpResponse:
    if role not in ModelRole.values:
        raise Http404(f"No model has the role {role}.")
    try:
        promotion = rollback(survey=survey, role=role, by=person(request), to=whole_number(request.POST.get("to", "")))
    except NoEarlierChampion as error:
        messages.error(request, str(error))
    else:
        if promotion is not None:
            message = _("Model %(number)d is the champion again.")
            messages.success(request, message % {"number": promotion.checkpoint_id})
    return redirect("learning", survey.slug)


@require_POST
@survey_page(Role.ADMIN)
def score_again(request: HttpRequest, survey: Survey, role: str) -> HttpResponse:
    champion = champion_of(survey, role)
    if champion is None:
        raise Http404(f"There is no champion of the role {role}.")
    if score_unscored(champion, given_up=True) is None:
        messages.info(request, _("Nothing to score: no scores are missing, or an ingest or scoring is in progress."))
    else:
        messages.success(request, _("Scoring missing subjects."))
    return redirect("learning", survey.slug)
