"""Profile, sessions, language, own data, and account deletion."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.decorators import rate_limit
from allauth.usersessions.views import list_usersessions
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from webapp.accounts.adapter import forget_language, set_language_cookie
from webapp.accounts.delete_account import delete_account as leave_for_good
from webapp.accounts.forms import ErasureForm
from webapp.accounts.names import check_shown_name
from webapp.community.group_models import Group
from webapp.community.models import Credit, Profile
from webapp.community.news_mail import address_of, news_are_mailed
from webapp.community.person import account_page, profile_of
from webapp.volunteers.identity import reader_of


class ProfileForm(forms.ModelForm):
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)

    class Meta:
        model = Profile
        fields = ("display_name", "credit", "language", "mail")
        labels = {
            "display_name": gettext_lazy("Real name"),
            "credit": gettext_lazy("Name shown on confirmed discoveries"),
            "mail": gettext_lazy("News by email"),
        }
        help_texts = {
            "display_name": gettext_lazy("Shown in credits and on your certificate. Optional."),
            "credit": gettext_lazy("Credits appear on the subject's public page. You can change this at any time."),
            "mail": gettext_lazy("Replies, mentions, and confirmed discoveries, to your confirmed address."),
        }
        widgets = {
            "display_name": forms.TextInput({"autocomplete": "name"}),
            "credit": forms.RadioSelect,
            "mail": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", gettext_lazy("Same as browser")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        if not news_are_mailed() or not address_of(self.instance.user):
            del self.fields["mail"]

    def clean_display_name(self) -> str:
        name: str = self.cleaned_data["display_name"]
        if name != self.instance.display_name:
            check_shown_name(name, self.instance.user)
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("credit") == Credit.OWN_NAME and cleaned.get("display_name") == "":
            raise ValidationError({"display_name": gettext_lazy("Enter the name for your credits.")})
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def profile(request: HttpRequest, user: User) -> HttpResponseBase:
    form = ProfileForm(request.POST or None, instance=profile_of(user))
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form}, status=400 if form.is_bound else 200)
    row = form.save()
    response = redirect("profile")
    with override(row.language or None):
        messages.success(request, _("Profile saved."))
    if row.language:
        set_language_cookie(response, row.language)
    else:
        forget_language(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def sessions(request: HttpRequest, user: User) -> HttpResponseBase:
    """List the account's sessions; ending the others asks for the password again."""
    view = reauthentication_required(list_usersessions) if request.method == "POST" else list_usersessions
    response: HttpResponseBase = view(request)
    return response


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Change the site's language in this browser and in the account."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        Profile.objects.update_or_create(user=request.user, defaults={"language": language})
    return set_language(request)


@require_safe
def own_data(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/own_data.html", {"volunteer": reader_of(request)})


class LeaveForm(ErasureForm):
    proof = forms.CharField(max_length=200)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        proof = self.fields["proof"]
        if user.has_usable_password():
            proof.label = _("Your password")
            proof.widget = forms.PasswordInput({"autocomplete": "current-password"})
            proof.strip = False  # type: ignore[attr-defined]
        else:
            proof.label = _("Type your user name to confirm: %(name)s") % {"name": user.get_username()}

    def clean_proof(self) -> str:
        proof: str = self.cleaned_data["proof"]
        if self.user.has_usable_password():
            if not self.user.check_password(proof):
                raise ValidationError(_("Wrong password. Nothing was deleted."))
        elif proof.strip() != self.user.get_username():
            raise ValidationError(_("Wrong user name. Nothing was deleted."))
        return proof


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
@rate_limit(action="reauthenticate")
def leave(request: HttpRequest, user: User) -> HttpResponseBase:
    form = LeaveForm(user, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        page = {"form": form, "groups": Group.objects.filter(owner__user=user)}
        return render(request, "accounts/delete_account.html", page, status=400 if form.is_bound else 200)
    leave_for_good(user=user, keep_answers=form.keeps_answers)
    logout(request)
    messages.success(request, _("Your account is deleted. Thank you for your help."))
    return redirect("home")
