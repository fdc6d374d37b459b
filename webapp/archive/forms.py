"""Forms for surveys, their members and their ingests."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MinValueValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from webapp.archive.ingest.create_run import inbox_path, start_ingest
from webapp.archive.models import IngestRun, Kind, Role, Survey
from webapp.archive.models.survey import ABOVE_ZERO
from webapp.archive.uploads import ingest_upload


class NamesField(forms.CharField):
    """Comma-separated names, as a list."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, empty_value="", **options)

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else ", ".join(value or ())

    def to_python(self, value: Any) -> Any:
        return [name.strip() for name in (super().to_python(value) or "").split(",") if name.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(initial != self.to_python(data))

    def run_validators(self, value: Any) -> None:
        """Validate each name separately: the validators expect a text."""
        for name in value:
            super().run_validators(name)


class SurveyForm(forms.ModelForm):
    """The settings of a survey that its admins can change."""

    classes = NamesField(
        label=_("Classes"),
        help_text=_(
            "Fine classes, comma-separated: BURN, CR, NOISE, AST, COMET. Models predict them in this "
            "order. Without classes, they predict yes or no."
        ),
    )
    positive = NamesField(label=_("Classes that are real movers"), help_text=_("For example: AST, COMET"))
    channels = NamesField(
        label=_("Channels"),
        help_text=_("Channels of a frame, in order and comma-separated: difference, science, template"),
    )
    open_metadata = NamesField(
        label=_("Metadata shown before an answer"),
        help_text=_(
            "Comma-separated metadata names, such as site, seeing. Choose ones that don't reveal the class "
            "or the object. All others are shown after the answer."
        ),
    )
    pixel_scale = forms.FloatField(
        required=False,
        label=_("Pixel scale (arcsec per pixel)"),
        validators=[MinValueValidator(1e-6, _("Enter a number above 0, or leave empty."))],
        widget=forms.NumberInput({"step": "any", "min": 0}),
    )
    seeing = forms.FloatField(
        required=False,
        label=_("Seeing (FWHM of a star, arcsec)"),
        help_text=_(
            "On a typical night. With the S/N, it gives the error of each position whose file gives none: for"
            " known objects, motions and reports. Empty: 2.5 pixels, or 2″ without a pixel scale, and no such errors"
            " in reports."
        ),
        validators=[ABOVE_ZERO],
        widget=forms.NumberInput({"step": "any", "min": 0}),
    )
    position_floor = forms.FloatField(
        required=False,
        label=_("Minimum position error (arcsec)"),
        help_text=_("How well a bright object's position is known. Empty: 0.1″."),
        validators=[ABOVE_ZERO],
        widget=forms.NumberInput({"step": "any", "min": 0}),
    )
    observatory = forms.CharField(
        required=False,
        label=_("Observatory code"),
        help_text=_("As the Minor Planet Center lists it, such as T05 or 250."),
        validators=[
            RegexValidator(r"^[A-Za-z0-9]{3,4}\Z", _("A code is three or four letters and digits, such as T05."))
        ],
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )

    language = forms.ChoiceField(
        required=False,
        label=_("Language of the texts"),
        choices=settings.LANGUAGES,
        help_text=_(
            "Of the story, the questions and the guides. Readers of another language get it until you translate."
        ),
    )

    class Meta:
        model = Survey
        fields: tuple[str, ...] = (
            "name", "description", "language", "classes", "positive", "channels", "open_metadata", "pixel_scale",
            "seeing", "position_floor", "observatory", "is_simulated", "retrain_on_drift",
        )  # fmt: skip
        labels = {
            "name": _("Name"),
            "description": _("Description"),
            "is_simulated": _("Simulated sky"),
            "retrain_on_drift": _("Retrain when scores drift"),
        }
        help_texts = {
            "is_simulated": _("Shown on every page of the survey."),
            "retrain_on_drift": _(
                "When the champion's scores shift on the newest night, train once there are 20 labels that it was not"
                " trained on."
            ),
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {"description": forms.Textarea({"rows": 3})}

    def clean_language(self) -> str:
        """Keep the language if none is sent."""
        return self.cleaned_data["language"] or self.instance.language


class NewSurveyForm(SurveyForm):
    class Meta(SurveyForm.Meta):
        fields = ("name", "slug", *SurveyForm.Meta.fields[1:])
        labels = {**SurveyForm.Meta.labels, "slug": _("URL slug")}
        help_texts = {
            **SurveyForm.Meta.help_texts,
            "slug": _(
                "Letters, digits and hyphens, such as atlas-2026. Can't be changed later: URLs, commands "
                "and the pixel store use it."
            ),
        }
        error_messages = {
            "slug": {
                "invalid": _("Use only letters, digits and hyphens, without spaces."),
                "unique": _("Another survey uses this URL slug. Choose another."),
            }
        }
        widgets = {**SurveyForm.Meta.widgets, "slug": forms.TextInput({"data-slug-of": "name"})}


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=Role)


class MemberForm(RoleForm):
    """A new member; `is_unknown` if nobody has joined under the name."""

    is_unknown = False
    field_order = ("username", "role")
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.TypedChoiceField(
        label=_("Role"),
        choices=Role.choices,
        coerce=Role,
        initial=Role.SCIENTIST,
        help_text=_("Scientists see known classes and give verdicts; admins also ingest, train and change settings."),
    )


class Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, or none."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        sent = data if isinstance(data, Sequence) else [data]
        files = [super(FilesField, self).clean(one, initial) for one in sent if one]
        if files and not any(file.size for file in files):
            raise forms.ValidationError(self.error_messages["empty"], code="empty")
        return files


class IngestForm(forms.Form):
    """An ingest by an admin: uploaded files, or a name in the inbox."""

    uploads = FilesField(
        required=False,
        allow_empty_file=True,  # beside others: the run reports it
        label=_("Files from your computer"),
        help_text=_(
            "FITS, PNG, JPEG, npy, alert packets (Avro or Parquet); or a manifest (CSV, VOTable, Parquet) together "
            "with its files."
        ),
    )
    name = forms.CharField(
        required=False,
        label=_("Or a file or folder in the inbox"),
        widget=forms.TextInput({"list": "inbox-names", "autocomplete": "off"}),
    )
    root = forms.CharField(
        required=False,
        max_length=500,
        label=_("Remote archive"),
        help_text=_("Where the manifest's files are, such as https://archive.org/survey/. Empty: beside the manifest."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url"}),
    )
    kind = forms.ChoiceField(
        required=False,
        label=_("Kind"),
        choices=[("", _("detect from the files")), *Kind.choices],
        help_text=_("Only needed if neither the manifest nor the image shape determines it."),
    )
    subject_set = forms.CharField(
        required=False,
        max_length=120,
        label=_("Subject set"),
        help_text=_("Workflows take subjects from sets. Leave empty to use the name of the file or folder."),
    )
    dry_run = forms.BooleanField(required=False, label=_("Dry run: read and count only"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        sources = bool(cleaned.get("uploads")) + bool(cleaned.get("name"))
        if not self.errors and sources != 1:
            both, neither = (
                _("Choose files or name an inbox path, not both."),
                _("Choose files, or name an inbox path."),
            )
            raise forms.ValidationError(both if sources else neither)
        return cleaned

    def start(self, survey: Survey, by: User) -> IngestRun:
        """Start the ingest, after writing uploads to the inbox; IngestRefused says why not."""
        asked = {name: self.cleaned_data[name] for name in ("root", "kind", "subject_set", "dry_run")}
        if self.cleaned_data["uploads"]:
            return ingest_upload(survey, self.cleaned_data["uploads"], by=by, **asked)
        return start_ingest(survey=survey, path=inbox_path(survey, self.cleaned_data["name"]), by=by, **asked)
