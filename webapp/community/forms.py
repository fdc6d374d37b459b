from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.community.models import Collection, Credit, Profile


class ProfileForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), required=False)

    class Meta:
        model = Profile
        fields = ("display_name", "credit", "language")
        labels = {
            "display_name": _("Your own name"),
            "credit": _("How you are named when something that you saw is confirmed"),
        }
        help_texts = {
            "display_name": _("As it should stand in credits and on your certificate. You may leave it empty."),
            "credit": _(
                "Credits stand on the subject's page, which everybody can read. You may change this at any time."
            ),
        }
        widgets = {
            "display_name": forms.TextInput({"autocomplete": "name"}),
            "credit": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", _("As the browser asks")), *settings.LANGUAGES]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("credit") == Credit.OWN_NAME and not cleaned.get("display_name", "").strip():
            raise ValidationError({"display_name": _("Write the name that you want to be credited by.")})
        return cleaned


class CollectionForm(forms.ModelForm):
    class Meta:
        model = Collection
        fields = ("name", "description", "is_public")
        labels = {
            "name": _("Name"),
            "description": _("What is in it"),
            "is_public": _("Everybody who has its address may see it"),
        }
        widgets = {"description": forms.Textarea({"rows": 3})}


def _has_come(day: date) -> None:
    """Refuse a day that has not begun anywhere: far in the east it is tomorrow already."""
    if day > timezone.now().date() + timedelta(days=1):
        raise ValidationError(_("This day has not come yet."))


class RangeForm(forms.Form):
    """The days that a certificate is about; both are optional."""

    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}), validators=[_has_come]
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput({"type": "date"}), validators=[_has_come]
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            raise ValidationError({"until": _("The last day cannot come before the first.")})
        return cleaned
