"""The page of an account's API tokens: make one, see it once, revoke it."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.models import ApiToken
from webapp.accounts.tokens import lifetime, make_token, tokens_of
from webapp.community.person import account_page


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What it is for"), max_length=80, widget=forms.TextInput({"autocomplete": "off"})
    )


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def api_tokens(request: HttpRequest, user: User) -> HttpResponseBase:
    """List the account's tokens; making one asks for the password again."""
    return _new(request, user) if request.method == "POST" else _page(request, user, TokenForm())


@reauthentication_required
def _new(request: HttpRequest, user: User) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, user, form, status=400)
    return _page(request, user, TokenForm(), made=make_token(user, form.cleaned_data["name"]))


def _page(request: HttpRequest, user: User, form: TokenForm, made: str = "", status: int = 200) -> HttpResponse:
    tokens = [(row, row.created_at + lifetime()) for row in tokens_of(user)]
    return render(request, "accounts/api_tokens.html", {"form": form, "tokens": tokens, "made": made}, status=status)


@require_POST
@account_page
def api_token_revoke(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    get_object_or_404(ApiToken, user=user, pk=pk).delete()
    messages.success(request, _("Token revoked."))
    return redirect("api-tokens")
