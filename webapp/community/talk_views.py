"""Talk (write, edit, remove and restore comments) and notifications."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ml.io.message import Message
from webapp.archive.blinding import blind_names
from webapp.archive.models import Subject
from webapp.community.discoveries import discoveries_of
from webapp.community.models import LONGEST, Comment, CommentPicture, Notification
from webapp.community.news_mail import stop_mail
from webapp.community.person import account_page, name_of, volunteer_who_acts
from webapp.community.pictures import LONGEST_ALT, sent_picture
from webapp.community.talk import edit, may_restore, moderates, post_comment, remove, restore, wrote
from webapp.community.talk_index import is_readable
from webapp.volunteers.identity import reader_of


@require_POST
@account_page
def comment_new(request: HttpRequest, user: User, subject: int) -> HttpResponseBase:
    row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject)
    text = request.POST.get("text", "")
    try:
        return redirect(post_comment(user=user, subject=row, text=text, **sent_picture(request)))
    except ValidationError as error:
        return _form(request, Comment(survey=row.survey, subject=row), text, error=error)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def comment_edit(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _comment(pk)
    if not wrote(user, row):
        raise PermissionDenied(_("Only the author can edit a comment. Nothing was changed."))
    if request.method != "POST":
        return _form(request, row, row.text)
    text = request.POST.get("text", "")
    try:
        return redirect(edit(user=user, comment=row, text=text, drops_picture="drop_picture" in request.POST))
    except ValidationError as error:
        return _form(request, row, text, error=error)


@require_POST
@account_page
def comment_remove(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _comment(pk)
    try:
        remove(user=user, comment=row, because=request.POST.get("because", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(row)


@require_POST
@account_page
def comment_restore(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _comment(pk)
    restore(user=user, comment=row)
    return redirect(row)


@require_safe
def comment_history(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a comment said before each edit, to whoever may read the comment."""
    row = _comment(pk)
    if not is_readable(request.user, reader_of(request), row):
        raise PermissionDenied(_("You can't read this comment now."))
    return render(request, "community/comment_history.html", {"survey": row.survey, "comment": row})


@require_safe
@cache_control(private=True, max_age=300)
def comment_picture(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    """Return a comment's picture to whoever may read the comment, or may restore it."""
    comment = _comment(pk)
    is_restorable = may_restore(request.user, comment, is_moderator=moderates(request.user, comment.survey))
    if not is_restorable and not is_readable(request.user, reader_of(request), comment):
        raise Http404("Nobody sees this picture now.")
    row = get_object_or_404(CommentPicture, comment=comment, digest=digest)
    return HttpResponse(bytes(row.content), content_type=row.content_type)


def _comment(pk: int) -> Comment:
    rows = Comment.objects.with_pictures().select_related("survey", "subject__survey", "thread", "author")
    return get_object_or_404(rows, pk=pk)


def _form(request: HttpRequest, comment: Comment, text: str, *, error: ValidationError | None = None) -> HttpResponse:
    """Show a page with the text, so that nothing is lost if it is refused."""
    if comment.subject:
        blind_names([comment.subject], request.user)
    page = {"survey": comment.survey, "comment": comment, "text": text, "longest": LONGEST, "longest_alt": LONGEST_ALT}
    errors = error.messages if error else []
    return render(request, "community/comment_form.html", page | {"errors": errors}, status=400 if error else 200)


NEWEST = 100


@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """Show the newest notifications and all discoveries. Only the button marks them as read."""
    volunteer = reader_of(request)
    own = (
        Notification.objects.filter(volunteer=volunteer)
        .shown_to(request.user)
        .select_related("survey", "subject__survey", "thread", "action")
    )
    discoveries = discoveries_of(volunteer, request.user).select_related("subject__survey", "workflow")
    rows = list(own[:NEWEST])
    blind_names([each.subject for each in rows if each.subject], request.user)
    page = {"rows": rows, "has_unread": own.filter(read_at=None).exists(), "discoveries": discoveries[:NEWEST]}
    return render(request, "community/notifications.html", page | {"name": name_of(volunteer) if volunteer else ""})


@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    volunteer = volunteer_who_acts(request)
    unread = Notification.objects.filter(volunteer=volunteer, read_at=None).shown_to(request.user)
    unread.update(read_at=timezone.now())
    return redirect("notifications")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """End a person's mails by the signed link in each, without signing in: mail programs post to it too (RFC 8058)."""
    if request.method == "POST" and not stop_mail(token):
        raise Http404(Message("This link is not complete. Choose on your profile how often mail comes."))
    return render(request, "community/mail_stop.html", {"is_stopped": request.method == "POST"})
