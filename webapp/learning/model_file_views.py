"""A model's files: import one that was trained elsewhere, for admins, and download one, for scientists."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.learning.import_model import MANIFEST, WEIGHTS, import_model
from webapp.learning.models import Checkpoint
from webapp.learning.triggers import AlreadyTraining
from webapp.workflows.models import Workflow


class ModelForm(forms.Form):
    """The two files of a checkpoint, as `python -m ml train` and a site's download have them."""

    workflow = forms.ModelChoiceField(queryset=Workflow.objects.none(), label=_("Workflow"), empty_label=None)
    manifest = forms.FileField(
        label=_("Description of the model (manifest.json)"), widget=forms.FileInput({"accept": ".json"})
    )
    weights = forms.FileField(
        label=_("Weights of the model (weights.safetensors)"), widget=forms.FileInput({"accept": ".safetensors"})
    )

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workflow"].queryset = Workflow.objects.filter(survey=survey).order_by("name")  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@survey_page(Role.ADMIN)
def model_import(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = ModelForm(survey, request.POST or None, request.FILES or None)
    if not form.is_valid():
        return _page(request, survey, form)
    try:
        run = import_model(**form.cleaned_data, by=person(request))
    except AlreadyTraining as error:
        messages.error(request, str(error))
        return redirect("model-import", survey.slug)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, survey, form)
    return redirect("training-run", survey.slug, run.pk)


@require_safe
@survey_page(Role.SCIENTIST)
def model_file(request: HttpRequest, survey: Survey, pk: int, name: str) -> FileResponse:
    """Send one of a model's two files; an external scorer has none."""
    checkpoint = get_object_or_404(Checkpoint, survey=survey, pk=pk)
    path = Path(settings.DATA) / checkpoint.folder / name
    if name not in (MANIFEST, WEIGHTS) or not checkpoint.folder or not path.is_file():
        raise Http404(f"Model {pk} has no file {name}.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream")


def _page(request: HttpRequest, survey: Survey, form: ModelForm) -> HttpResponse:
    context = {"survey": survey, "form": form}
    return render(request, "learning/model_import.html", context, status=400 if form.errors else 200)
