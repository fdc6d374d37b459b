from django import forms
from django.utils.translation import gettext_lazy as _


class TextForm(forms.Form):
    """A text in Markdown, and the version that its writer began with."""

    body = forms.CharField(
        required=False,
        strip=False,
        label=_("Text, in Markdown"),
        widget=forms.Textarea({"rows": 22, "spellcheck": "true", "aria-describedby": "how-to-write"}),
    )
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean_body(self) -> str:
        """Keep lines as every system writes them; a browser sends both characters."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")
