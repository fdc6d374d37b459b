"""A person's safety page: moderators' decisions about them, their appeals, and whom they block."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.community.appeals import actions_against, appeal
from webapp.community.blocks import block, unblock
from webapp.community.models import Block, Comment, ModeratorAction
from webapp.community.moderation_models import LONGEST_APPEAL
from webapp.community.person import account_page, name_in_talk
from webapp.volunteers.identity import account_volunteer

SHOWN = 100


@require_safe
@account_page
def safety(request: HttpRequest, user: User) -> HttpResponse:
    volunteer = account_volunteer(user)
    blocks = Block.objects.filter(volunteer=volunteer).select_related("blocked__user__profile")
    page = {
        "actions": actions_against(volunteer)[:SHOWN],
        "blocked": [(name_in_talk(each.blocked), each.blocked_id) for each in blocks],
        "longest": LONGEST_APPEAL,
    }
    return render(request, "community/safety.html", page)


@require_POST
@account_page
def appeal_new(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = get_object_or_404(ModeratorAction, pk=pk)
    try:
        appeal(user=user, action=row, text=request.POST.get("text", ""))
        messages.success(request, _("Your appeal is with the moderators. You will hear here."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("safety")


@require_POST
@account_page
def comment_block(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    """Block a comment's author."""
    row = get_object_or_404(Comment.objects.select_related("survey", "author").exclude(author=None), pk=pk)
    try:
        block(user=user, blocked=row.author)
        messages.success(request, _("Blocked. Their comments are collapsed, and you get no news of them."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(row)


@require_POST
@account_page
def block_end(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    unblock(user=user, blocked=pk)
    return redirect("safety")
