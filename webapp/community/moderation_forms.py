"""The forms of the moderators' page, one for each report and each appeal."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from webapp.community.models import LONGEST_REASON, Appeal, ModeratorAction, Report
from webapp.community.moderation import SUSPENSIONS
from webapp.community.moderation_models import LONGEST_APPEAL

Kind = ModeratorAction.Kind


def _suspend_for(days: int) -> str:
    words = ngettext(
        "Remove it and suspend the author for %(days)s day", "Remove it and suspend the author for %(days)s days", days
    )
    return words % {"days": days}


def removals() -> list[tuple[str, Any]]:
    """Return the choices that remove a comment, the mildest first."""
    return [
        (Kind.REMOVED, _("Remove the comment")),
        (Kind.WARNED, _("Remove it and warn the author")),
        *((f"{Kind.SUSPENDED}:{days}", _suspend_for(days)) for days in SUSPENSIONS),
    ]


def _choices() -> list[tuple[str, Any]]:
    return [(Kind.DISMISSED, _("Dismiss the report")), *removals()]


class SettleForm(forms.Form):
    """What to do about a reported comment."""

    what = forms.ChoiceField(label=_("What to do"), choices=_choices)
    because = forms.CharField(
        label=_("Reason (visible to everyone)"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, report: Report | None, data: Any = None) -> None:
        super().__init__(data, auto_id=f"%s-{report.pk if report else 0}")

    def decision(self) -> dict[str, Any]:
        """Return kind, days and reason."""
        kind, _colon, days = self.cleaned_data["what"].partition(":")
        return {"kind": kind, "days": int(days or 0), "reason": self.cleaned_data["because"]}


class AnswerForm(forms.Form):
    """The answer to an appeal; two buttons say whether it is granted."""

    answer = forms.CharField(
        label=_("Your answer, to the person who appealed"),
        max_length=LONGEST_APPEAL,
        required=False,
        widget=forms.Textarea({"rows": 3, "required": True}),
    )

    def __init__(self, appeal: Appeal, data: Any = None) -> None:
        super().__init__(data, auto_id=f"%s-{appeal.pk}")
