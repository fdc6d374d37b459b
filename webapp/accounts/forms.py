"""The forms to sign in, to join and to erase an account, in the site's words."""

from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.community.news_mail import mail_is_sent


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label = _("Username or email")
        login.widget.attrs = {"autocomplete": "username"}
        self.fields["remember"].label = _("Keep me signed in")


class JoinForm(SignupForm):
    """Ask for an address only where the site sends mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not mail_is_sent():
            del self.fields["email"]


KEEP, REMOVE = "keep", "remove"


class ErasureForm(forms.Form):
    """What becomes of the answers of an account that is erased."""

    answers = forms.ChoiceField(
        label=_("Your classifications and comments"),
        choices=[
            (KEEP, _("Keep them, anonymously")),
            (REMOVE, _("Delete them; others may be asked about their subjects again")),
        ],
        widget=forms.RadioSelect,
        initial=KEEP,
    )

    @property
    def keeps_answers(self) -> bool:
        return bool(self.cleaned_data["answers"] == KEEP)
