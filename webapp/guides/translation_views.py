"""Pages where a survey's admins translate its texts: how complete each language is, and both languages side by side."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.guides.editor_views import address_of_text
from webapp.guides.models import Language
from webapp.guides.translations import (
    TranslatedMeanwhile,
    completeness,
    guide_in,
    is_outdated,
    own_guides,
    save_translations,
    sources,
    translated,
)


@require_safe
@survey_page(Role.ADMIN)
def translations(request: HttpRequest, survey: Survey) -> HttpResponse:
    context = {"survey": survey, "languages": completeness(survey), "own": Language(survey.language).label}
    return render(request, "guides/translations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def translation(request: HttpRequest, survey: Survey, language: str) -> HttpResponse:
    """Show all texts beside their translations; store what is sent."""
    if language not in Language.values or language == survey.language:
        raise Http404("There is nothing to translate into this language.")
    if request.method != "POST":
        return _page(request, survey, language)
    sent = {key: request.POST[key] for key in (each.key for each in sources(survey)) if key in request.POST}
    seen = {key: request.POST[f"seen-{key}"] for key in sent if f"seen-{key}" in request.POST}
    try:
        n = save_translations(
            user=person(request),
            survey=survey,
            language=language,
            texts=sent,
            confirmed=request.POST.getlist("confirmed"),
            seen=seen,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        lost = error.keys if isinstance(error, TranslatedMeanwhile) else set()
        still = {key: text for key, text in seen.items() if key not in lost}
        return _page(request, survey, language, sent, still, status=409 if lost else 400)
    messages.success(request, ngettext("%(n)d text saved.", "%(n)d texts saved.", n) % {"n": n} if n else _("Saved."))
    return redirect("translation", survey.slug, language)


def _page(
    request: HttpRequest,
    survey: Survey,
    language: str,
    sent: dict[str, str] | None = None,
    seen: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    present = translated(survey, language)
    rows = [
        {
            "source": each,
            "text": (sent or {}).get(each.key, present[each.key].text if each.key in present else ""),
            "seen": (seen or {}).get(each.key, each.seen_with(present.get(each.key))),
            "is_outdated": each.key in present and present[each.key].source != each.digest,
            "is_long": each.longest > 200 or "\n" in each.text,
        }
        for each in sources(survey)
    ]
    context: dict[str, Any] = {
        "survey": survey,
        "language": language,
        "name": Language(language).label,
        "own": Language(survey.language).label,
        "rows": rows,
        "guides": [_guide(each, language) for each in own_guides(survey)],
    }
    return render(request, "guides/translation.html", context, status=status)


def _guide(guide: Any, language: str) -> dict[str, Any]:
    found = guide_in(guide, language)
    of = {"survey": guide.survey, "workflow": guide.workflow, "kind": guide.kind, "language": language}
    return {
        "guide": guide,
        "text": found,
        "is_outdated": found is not None and is_outdated(guide, found),
        "address": address_of_text(of),
    }
