"""Freeze today's gold as the set that models are judged on."""

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from webapp.archive.access import survey_page
from webapp.archive.models import Role, Survey
from webapp.core.messages import in_words
from webapp.learning.roles import ROLE_OF_KIND
from webapp.learning.test_set import TooLittleGold, freeze


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
