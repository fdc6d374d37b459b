from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.consensus.models import Injection
from webapp.consensus.mover_class import mover_classes


class InjectionForm(forms.ModelForm):
    """What a scientist says of training movers to be drawn."""

    class Meta:
        model = Injection
        fields = ("number", "snr_min", "snr_max", "fwhm", "shape", "label")
        labels = {
            "number": _("How many"),
            "snr_min": _("Faintest, S/N in each frame"),
            "snr_max": _("Brightest, S/N in each frame"),
            "fwhm": _("Width of a star (FWHM, pixels)"),
            "shape": _("Drawn as"),
        }
        help_texts = {"fwhm": ""}
        widgets = {name: forms.NumberInput({"step": "any"}) for name in ("snr_min", "snr_max", "fwhm")}

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name) for name in mover_classes(survey)]
        self.fields["label"] = forms.ChoiceField(choices=names, label=_("Class"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        faintest, brightest = cleaned.get("snr_min"), cleaned.get("snr_max")
        if faintest is not None and brightest is not None and faintest > brightest:
            raise ValidationError({"snr_max": _("The brightest cannot be fainter than the faintest.")})
        return cleaned
