"""The page of a survey's Talk."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webapp.archive.blinding import blind_names
from webapp.archive.models import Survey
from webapp.community.person import name_in_talk, volunteer_who_looks
from webapp.community.talk_index import containing, readable_comments

PER_PAGE = 50
LONGEST_SEARCH = 200


@require_safe
def talk_index(request: HttpRequest, slug: str) -> HttpResponse:
    survey = get_object_or_404(Survey, slug=slug)
    search = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    comments = readable_comments(request.user, volunteer_who_looks(request), survey)
    if search:
        comments = containing(comments, search)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        comments = comments.filter(pk__lt=int(before))
    found = list(comments[: PER_PAGE + 1])
    blind_names([each.subject for each in found], request.user)
    page = {
        "survey": survey,
        "search": search,
        "rows": [{"comment": each, "name": name_in_talk(each.author)} for each in found[:PER_PAGE]],
        "next": urlencode({"q": search, "before": found[PER_PAGE - 1].pk}) if len(found) > PER_PAGE else "",
    }
    return render(request, "community/talk_index.html", page)
