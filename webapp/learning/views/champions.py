"""Promote a checkpoint, roll back the champion, score again, and freeze a test set."""

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Survey
from webapp.archive.models.survey import Role
from webapp.core.messages import in_words
from webapp.learning.messages import BY_HAND
from webapp.learning.models import Checkpoint, ModelRole
from webapp.learning.promotion import NoEarlierChampion, champion_of, promote, rollback
from webapp.learning.rescoring import score_unscored
from webapp.learning.roles import ROLE_OF_KIND
from webapp.learning.test_sets import TooLittleGold, freeze


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


@require_POST
@survey_page(Role.ADMIN)
def freeze_test_set(request: HttpRequest, survey: Survey, kind: str) -> HttpResponse:
    if kind not in ROLE_OF_KIND:
        raise Http404(f"No model is judged on a {kind}.")
    try:
        frozen = freeze(survey=survey, kind=kind)
    except TooLittleGold as error:
        messages.error(request, _("%(why)s Nothing has changed.") % {"why": in_words(str(error))})
    else:
        said = ngettext(
            "%(n)s gold subject judges the models from now on. The set of before is kept.",
            "%(n)s gold subjects judge the models from now on. The set of before is kept.",
            frozen.size,
        )
        messages.success(request, said % {"n": intcomma(frozen.size)})
    return redirect("learning", survey.slug)
