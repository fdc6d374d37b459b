"""Delete one's account, after saying who one is once more."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from webapp.community.person import account_page
from webapp.consensus.leave import leave as leave_for_good

KEEP, REMOVE = "keep", "remove"


class LeaveForm(forms.Form):
    answers = forms.ChoiceField(
        label=gettext_lazy("What becomes of your answers and comments?"),
        choices=[
            (KEEP, gettext_lazy("They stay, as nobody's: they go on helping, and nothing leads back to you.")),
            (REMOVE, gettext_lazy("They are deleted too, and open subjects are added up without them.")),
        ],
        widget=forms.RadioSelect,
        initial=KEEP,
    )
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
            proof.label = _("Your user name, to confirm: %(name)s") % {"name": user.get_username()}

    def clean_proof(self) -> str:
        proof: str = self.cleaned_data["proof"]
        if self.user.has_usable_password():
            if not self.user.check_password(proof):
                raise ValidationError(_("This is not your password. Nothing was deleted."))
        elif proof.strip() != self.user.get_username():
            raise ValidationError(_("This is not your user name. Nothing was deleted."))
        return proof


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def leave(request: HttpRequest, user: User) -> HttpResponseBase:
    form = LeaveForm(user, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "consensus/leave.html", {"form": form}, status=400 if form.is_bound else 200)
    leave_for_good(user=user, keep_answers=form.cleaned_data["answers"] == KEEP)
    logout(request)
    messages.success(request, _("Your account is deleted. Thank you for having looked with us."))
    return redirect("home")
