"""Pages of a survey's #tags: the list, a tag's subjects and set, and the button on a subject's page."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.blinding import blind_names
from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.community.person import account_page
from webapp.community.tags import make_set, tag, tagged, tags_of_survey, untag
from webapp.core.request_values import whole_number
from webapp.queue.entries import waiting_for
from webapp.volunteers.identity import reader_of

PER_PAGE = 48
FEWEST = (1, 2, 3, 5)
"""Numbers of people from whom a scientist may ask a tag to come."""


@require_safe
def tags(request: HttpRequest, slug: str) -> HttpResponse:
    """List the survey's tags; scientists' own only for scientists, since they may tell the answer."""
    survey = get_object_or_404(Survey, slug=slug)
    is_scientist = Membership.objects.allows(request.user, survey, Role.SCIENTIST)
    found = tags_of_survey(survey, with_scientists=is_scientist)
    return render(request, "community/tags.html", {"survey": survey, "tags": found, "is_scientist": is_scientist})


@require_safe
def tag_subjects(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """List a tag's subjects, except those that the reader may still be asked about."""
    survey = get_object_or_404(Survey, slug=slug)
    is_scientist = Membership.objects.allows(request.user, survey, Role.SCIENTIST)
    rows = tagged(survey, name, with_scientists=is_scientist).select_related("survey").order_by("-pk")
    if not is_scientist:
        rows = rows.exclude(Exists(waiting_for(reader_of(request))))
    before = whole_number(request.GET.get("before", ""))
    found = list((rows.filter(pk__lt=before) if before else rows)[: PER_PAGE + 1])
    blind_names(found, request.user)
    page = {
        "survey": survey,
        "name": name.lower(),
        "subjects": found[:PER_PAGE],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else "",
        "is_scientist": is_scientist,
        "fewest": FEWEST,
    }
    return render(request, "community/tag.html", page)


@require_POST
@account_page
def tag_subject(request: HttpRequest, user: User, subject: int) -> HttpResponseBase:
    """Add or take back one's tag."""
    row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject)
    name = request.POST.get("tag", "")
    try:
        (untag if request.POST.get("what") == "remove" else tag)(user=user, subject=row, name=name)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('subject', args=[row.survey.slug, row.pk])}#talk")


@require_POST
@survey_page(Role.SCIENTIST)
def tag_set(request: HttpRequest, survey: Survey, name: str) -> HttpResponse:
    people = request.POST.get("people", "")
    try:
        wanted = int(people) if people in map(str, FEWEST) else 1
        row, size = make_set(user=person(request), survey=survey, name=name, people=wanted)
        message = _("The subject set “%(name)s” holds %(size)d subjects. Workflows can use it.")
        messages.success(request, message % {"name": row.name, "size": size})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("tag", survey.slug, name)
