from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from webapp.archive.ingest.inbox import inbox_path
from webapp.archive.ingest.start import IngestRefused
from webapp.archive.models import Kind, Survey
from webapp.archive.uploads import keep_upload


class Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, none included."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        sent = data if isinstance(data, Sequence) else [data]
        return [super(FilesField, self).clean(one, initial) for one in sent if one]


class IngestForm(forms.Form):
    """What an admin says to bring pictures in: files from their machine, or a name in the inbox."""

    uploads = FilesField(
        required=False,
        label=_("Files from your machine"),
        help_text=_("FITS, ZTF Avro packets, PNG, JPEG, npy; or a manifest.csv together with its files."),
    )
    name = forms.CharField(
        required=False,
        label=_("Or a file or folder in the inbox"),
        widget=forms.TextInput({"list": "inbox-names", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        required=False,
        label=_("Kind"),
        choices=[("", _("as the files say")), *Kind.choices],
        help_text=_("Only needed where neither the manifest nor the shape tells."),
    )
    subject_set = forms.CharField(
        required=False,
        max_length=120,
        label=_("Subject set"),
        help_text=_("Workflows draw from sets. Leave it empty to name the set as the file or folder."),
    )
    dry_run = forms.BooleanField(required=False, label=_("Dry run: read and count only"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("uploads")) == bool(cleaned.get("name")):
            raise forms.ValidationError(_("Choose files, or name something in the inbox: one of the two."))
        return cleaned

    def path(self, survey: Survey) -> Path:
        """Return what to ingest, with uploads written to the inbox; IngestRefused says why not."""
        if not self.cleaned_data["uploads"]:
            return inbox_path(survey, self.cleaned_data["name"])
        return keep_upload(survey, self.cleaned_data["uploads"])

    def refuse(self, error: IngestRefused) -> None:
        self.add_error(None, str(error))
