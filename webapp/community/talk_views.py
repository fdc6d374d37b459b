"""Talk (write, edit, remove, restore and search comments) and notifications."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.models import Subject, Survey
from webapp.community.models import LONGEST, Comment, Discovery, Notification
from webapp.community.person import account_page, name_in_talk, name_of, volunteer_who_acts
from webapp.community.talk import bring_back, containing, edit, readable_comments, remove, say, wrote
from webapp.core.keyset_pagination import newest_first
from webapp.volunteers.identity import reader_of


@require_POST
@account_page
def comment_new(request: HttpRequest, user: User, subject: int) -> HttpResponseBase:
    row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject)
    text = request.POST.get("text", "")
    try:
        return redirect(_place_of(say(user=user, subject=row, text=text)))
    except ValidationError as error:
        return _form(request, row, text, error=error)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def comment_edit(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _comment(pk)
    if not wrote(user, row):
        raise PermissionDenied(_("Only the author can edit a comment. Nothing was changed."))
    if request.method != "POST":
        return _form(request, row.subject, row.text, comment=row)
    text = request.POST.get("text", "")
    try:
        return redirect(_place_of(edit(user=user, comment=row, text=text)))
    except ValidationError as error:
        return _form(request, row.subject, text, comment=row, error=error)


@require_POST
@account_page
def comment_remove(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _comment(pk)
    try:
        remove(user=user, comment=row, because=request.POST.get("because", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("subject", row.subject.survey.slug, row.subject.pk)
    return redirect(_place_of(row))


@require_POST
@account_page
def comment_bring_back(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _comment(pk)
    bring_back(user=user, comment=row)
    return redirect(_place_of(row))


def _comment(pk: int) -> Comment:
    return get_object_or_404(Comment.objects.select_related("subject__survey", "author"), pk=pk)


def _place_of(comment: Comment) -> str:
    subject = comment.subject
    return f"{reverse('subject', args=[subject.survey.slug, subject.pk])}#comment-{comment.pk}"


def _form(
    request: HttpRequest,
    subject: Subject,
    text: str,
    *,
    comment: Comment | None = None,
    error: ValidationError | None = None,
) -> HttpResponse:
    """Show a page with the text, so that nothing is lost if it is refused."""
    page = {"subject": subject, "survey": subject.survey, "comment": comment, "text": text, "longest": LONGEST}
    errors = error.messages if error else []
    return render(request, "community/comment_form.html", page | {"errors": errors}, status=400 if error else 200)


NEWEST = 100


@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """Show the newest notifications and all discoveries. Only the button marks them as read."""
    volunteer = reader_of(request)
    own = Notification.objects.filter(volunteer=volunteer).select_related("subject__survey")
    discoveries = Discovery.objects.filter(volunteer=volunteer).select_related("subject__survey", "workflow")
    page = {"rows": own[:NEWEST], "has_unread": own.filter(read_at=None).exists(), "discoveries": discoveries[:NEWEST]}
    return render(request, "community/notifications.html", page | {"name": name_of(volunteer) if volunteer else ""})


@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    volunteer = volunteer_who_acts(request)
    Notification.objects.filter(volunteer=volunteer, read_at=None).update(read_at=timezone.now())
    return redirect("notifications")


PER_PAGE = 50
LONGEST_SEARCH = 200


@require_safe
def talk_index(request: HttpRequest, slug: str) -> HttpResponse:
    survey = get_object_or_404(Survey, slug=slug)
    search = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    comments = readable_comments(request.user, reader_of(request), survey)
    if search:
        comments = containing(comments, search)
    found, older = newest_first(comments, before=request.GET.get("before", ""), size=PER_PAGE)
    page = {
        "survey": survey,
        "search": search,
        "rows": [{"comment": each, "name": name_in_talk(each.author)} for each in found],
        "next": urlencode({"q": search, "before": older}) if older else "",
    }
    return render(request, "community/talk_index.html", page)
