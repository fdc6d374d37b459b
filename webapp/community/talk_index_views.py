"""Pages of a survey's Talk: its boards and newest comments, a board's threads, and a thread."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.blinding import blind_names
from webapp.archive.models import Membership, Role, Survey
from webapp.community.authors import suspensions_in
from webapp.community.discussion import comment_rows, discussion, within
from webapp.community.models import LONGEST, Board, Comment, Thread
from webapp.community.person import account_page
from webapp.community.pictures import LONGEST_ALT, sent_picture
from webapp.community.tags import tags_of_survey
from webapp.community.talk import moderates, post_comment
from webapp.community.talk_index import containing, readable_comments, written_by
from webapp.community.threads import (
    change_thread,
    delete_board,
    make_usual_boards,
    open_thread,
    rename_thread,
    save_board,
)
from webapp.core.page_rates import SearchRate, refuse
from webapp.core.request_values import whole_number
from webapp.volunteers.identity import reader_of

PER_PAGE = 50
THREADS = 30
LAST_PAGE = 1000
MOST_TAGS = 30
LONGEST_SEARCH = 200


@require_safe
def talk_index(request: HttpRequest, slug: str) -> HttpResponse:
    survey = get_object_or_404(Survey, slug=slug)
    search, author = (request.GET.get(name, "").replace("\0", "").strip()[:LONGEST_SEARCH] for name in ("q", "by"))
    if (search or author) and not (rate := SearchRate()).allow_request(request, None):
        return refuse(request, rate)
    comments = readable_comments(request.user, reader_of(request), survey)
    comments = containing(comments, search) if search else comments
    comments = written_by(comments, author) if author else comments
    before = whole_number(request.GET.get("before", ""))
    found = within(survey, (comments.filter(pk__lt=before) if before else comments)[: PER_PAGE + 1])
    blind_names([each.subject for each in found if each.subject], request.user)
    page = {
        "survey": survey,
        "search": search,
        "author": author,
        "rows": comment_rows(request, survey, found[:PER_PAGE]),
        "hides_some": not found and Comment.objects.standing().filter(survey=survey).exists(),
        "next": urlencode({"q": search, "by": author, "before": found[PER_PAGE - 1].pk})
        if len(found) > PER_PAGE
        else "",
        "boards": Board.objects.filter(survey=survey).annotate(size=Count("threads")).order_by("pk"),
        "tags": tags_of_survey(survey)[:MOST_TAGS],
        "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
    }
    return render(request, "community/talk_index.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """List a board's threads, pinned ones first, then those with the newest comments; start one."""
    row = get_object_or_404(Board.objects.select_related("survey"), survey__slug=slug, pk=pk)
    if request.method == "POST":
        return _thread_new(request, row)
    return _board_page(request, row)


def _board_page(request: HttpRequest, row: Board, status: int = 200, **filled: Any) -> HttpResponse:
    page = min(whole_number(request.GET.get("page", "")) or 1, LAST_PAGE)
    threads = row.threads.select_related("author__user__profile").order_by("-is_pinned", "-latest_at", "-id")
    shown = list(threads[(page - 1) * THREADS : page * THREADS + 1])
    comments = Comment.objects.standing().filter(thread__in=[each.pk for each in shown])
    counts = dict(comments.order_by().values_list("thread").annotate(Count("pk")))
    context = {
        "survey": row.survey,
        "board": row,
        "threads": [(each, counts.get(each.pk, 0)) for each in shown[:THREADS]],
        "page": page,
        "has_next": len(shown) > THREADS,
        "suspensions": suspensions_in(row.survey, reader_of(request)),
        "longest": LONGEST,
        "longest_alt": LONGEST_ALT,
        "is_admin": Membership.objects.allows(request.user, row.survey, Role.ADMIN),
    }
    return render(request, "community/board.html", context | filled, status=status)


@account_page
def _thread_new(request: HttpRequest, user: User, row: Board) -> HttpResponseBase:
    title, text = request.POST.get("title", ""), request.POST.get("text", "")
    try:
        return redirect(open_thread(user=user, board=row, title=title, text=text, **sent_picture(request)))
    except ValidationError as error:
        return _board_page(request, row, status=400, title=title, text=text, errors=error.messages)


@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Show a thread, and comment in it."""
    rows = Thread.objects.select_related("board__survey", "author")
    row = get_object_or_404(rows, board__survey__slug=slug, pk=pk)
    if request.method == "POST":
        return _reply(request, row)
    return _thread_page(request, row)


def _thread_page(request: HttpRequest, row: Thread, status: int = 200, **filled: Any) -> HttpResponse:
    survey = row.board.survey
    page = {
        **discussion(request, survey, Comment.objects.filter(thread=row)),
        "thread": row,
        "is_readable": True,
        "is_moderator": moderates(request.user, survey),
        "action": reverse("thread", args=[survey.slug, row.pk]),
    }
    return render(request, "community/thread.html", page | filled, status=status)


@account_page
def _reply(request: HttpRequest, user: User, row: Thread) -> HttpResponseBase:
    text = request.POST.get("text", "")
    try:
        return redirect(post_comment(user=user, thread=row, text=text, **sent_picture(request)))
    except ValidationError as error:
        return _thread_page(request, row, status=400, text=text, errors=error.messages)


@require_POST
@survey_page(Role.MODERATOR)
def thread_change(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    row = get_object_or_404(Thread.objects.select_related("board__survey"), board__survey=survey, pk=pk)
    try:
        if request.POST.get("what") == "renamed":
            rename_thread(user=person(request), thread=row, title=request.POST.get("title", ""))
        else:
            change_thread(user=person(request), thread=row, kind=request.POST.get("what", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("thread", survey.slug, pk)


@require_POST
@survey_page(Role.ADMIN)
def boards_change(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Create the usual boards or one of the admin's own, change one, or delete an empty one."""
    user, key = person(request), whole_number(request.POST.get("board", ""))
    row = None if key is None else get_object_or_404(Board, survey=survey, pk=key)
    named = {name: request.POST.get(name, "") for name in ("name", "description")}
    try:
        if request.POST.get("what") == "usual":
            make_usual_boards(user=user, survey=survey)
        elif request.POST.get("what") == "delete" and row:
            delete_board(user=user, board=row)
        else:
            save_board(user=user, survey=survey, board=row, **named)
        messages.success(request, _("Boards saved."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("talk", survey.slug)
