"""Forms of reports: what is the same in all reports of a survey, the choice of tracklets, the signature."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from webapp.archive.forms import NamesField
from webapp.archive.models import Survey
from webapp.core.fingerprint import ChangedMeanwhile, fingerprint
from webapp.reports.models import PLAIN, ReportSettings, settings_of


class BandsField(forms.CharField):
    """Pairs such as `o = Ao, c = Ac`, as a dictionary."""

    def prepare_value(self, value: Any) -> str:
        return (
            value if isinstance(value, str) else ", ".join(f"{one} = {other}" for one, other in (value or {}).items())
        )

    def to_python(self, value: Any) -> Any:
        pairs = [pair.partition("=") for pair in (super().to_python(value) or "").split(",") if pair.strip()]
        if any(not (name.strip() and band.strip()) for name, _sign, band in pairs):
            raise ValidationError(_("Write pairs such as o = Ao, c = Ac."))
        return {name.strip(): band.strip() for name, _sign, band in pairs}

    def run_validators(self, value: Any) -> None:
        """Leave the pairs to the model, which knows the bands."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(initial != self.clean(data))


class ReportSettingsForm(forms.ModelForm):
    """A survey's report settings."""

    measurers = NamesField(
        label=_("Measurers"),
        help_text=_("Who measured the positions: names, comma-separated, initials first: A. Einstein, M. Curie"),
        validators=[PLAIN],
    )
    bands = BandsField(
        required=False,
        label=_("Bands"),
        help_text=_("The ADES band for each band of the images that is named otherwise: o = Ao, c = Ac"),
    )

    class Meta:
        model = ReportSettings
        fields = (
            "submitter", "institution", "measurers", "design", "aperture", "focal_ratio", "detector", "mode",
            "catalogue", "bands", "prefix",
        )  # fmt: skip
        labels = {
            "submitter": _("Submitter"),
            "institution": _("Institution"),
            "design": _("Telescope design"),
            "aperture": _("Aperture (m)"),
            "focal_ratio": _("Focal ratio"),
            "detector": _("Detector"),
            "mode": _("Mode"),
            "catalogue": _("Star catalogue of the astrometry"),
            "prefix": _("Prefix of tracklet names"),
        }
        help_texts = {
            "submitter": _("Initials first, such as M. Curie."),
            "design": _("Such as Reflector or Schmidt."),
            "aperture": "",
            "detector": _("Such as CCD or CMOS."),
            "mode": _("How the images were taken."),
            "prefix": _("One or two capitals, not I, J, K or L first. No other source of the observatory may use it."),
        }

    def save_over(self, seen: str = "") -> ReportSettings:
        """Save; the first settings that two admins fill in at once are one row.

        Raises ChangedMeanwhile: the settings no longer have the fingerprint `seen`; nothing is stored. Without one,
        they are overwritten whatever they are.
        """
        with transaction.atomic():
            Survey.objects.select_for_update(no_key=True).get(pk=self.instance.survey_id)
            present = settings_of(self.instance.survey)
            if seen and seen != fingerprint(present, self.fields):
                raise ChangedMeanwhile
            self.instance.pk = present.pk
            saved: ReportSettings = self.save()
            return saved

    def clean_measurers(self) -> list[str]:
        names: list[str] = self.cleaned_data["measurers"]
        if not names or any(len(name) > 100 for name in names):
            raise ValidationError(_("Name at least one measurer, each in at most 100 characters."))
        return names


class SignatureForm(forms.Form):
    """A scientist's signature under what they saw."""

    name = forms.CharField(max_length=100, label=_("Your name, for the record"), validators=[PLAIN])
    seen = forms.CharField(max_length=32, widget=forms.HiddenInput)
