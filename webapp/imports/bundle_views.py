"""Download a survey's project as a bundle; and upload one, to see what it changes or to import it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Membership, Role, Survey
from webapp.exports.bundle import project_bundle
from webapp.imports.bundle_file import LARGEST_FILE, BundleRefused
from webapp.imports.import_bundle import import_bundle


class BundleForm(forms.Form):
    """A project bundle."""

    file = forms.FileField(
        label=gettext_lazy("Project bundle (ZIP)"),
        widget=forms.FileInput({"accept": ".zip,application/zip"}),
        help_text=gettext_lazy("As another survey or site exported it, up to 32 MB."),
    )


def bundle_form(request: HttpRequest, survey: Survey) -> dict[str, Any]:
    """Return the template context of the form, for a survey's admins."""
    return {"bundle_form": BundleForm() if Membership.objects.allows(request.user, survey, Role.ADMIN) else None}


@require_safe
@survey_page(Role.SCIENTIST)
def bundle(request: HttpRequest, survey: Survey) -> FileResponse:
    name = f"{survey.slug}-project.zip"
    return FileResponse(project_bundle(survey), as_attachment=True, filename=name, content_type="application/zip")


@require_POST
@survey_page(Role.ADMIN)
def bundle_import(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show what a bundle changes; import it if that is asked for."""
    form = BundleForm(request.POST, request.FILES)
    is_dry = request.POST.get("act") != "import"
    if form.is_valid() and form.cleaned_data["file"].size > LARGEST_FILE:
        form.add_error("file", _("This file is larger than 32 MB. Nothing was changed."))
    if not form.is_valid():
        return _page(request, survey, form, status=400)
    try:
        changes = import_bundle(user=person(request), survey=survey, file=form.cleaned_data["file"], is_dry=is_dry)
    except BundleRefused as error:
        form.add_error("file", _("%(why)s Nothing was changed.") % {"why": error})
        return _page(request, survey, form, status=400)
    if is_dry:
        return _page(request, survey, form, changes=changes, is_tried=True)
    n = len(changes)
    messages.success(request, ngettext("Imported: %(n)d change.", "Imported: %(n)d changes.", n) % {"n": n})
    return redirect("project", survey.slug)


def _page(request: HttpRequest, survey: Survey, form: BundleForm, status: int = 200, **more: object) -> HttpResponse:
    return render(request, "imports/bundle.html", {"survey": survey, "form": form, **more}, status=status)
