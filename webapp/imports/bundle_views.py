"""Download a project as a bundle; upload one to see what it changes, to import it, or to make a survey of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.access import person, site_admin_page, survey_page
from webapp.archive.models import Membership, Role, Survey
from webapp.exports.bundle import project_bundle
from webapp.imports.bundle_file import LARGEST_FILE, BundleRefused
from webapp.imports.import_bundle import Change, import_bundle, open_from_bundle


class BundleForm(forms.Form):
    """A project bundle."""

    file = forms.FileField(
        label=gettext_lazy("Project bundle (ZIP)"),
        widget=forms.FileInput({"accept": ".zip,application/zip"}),
        help_text=gettext_lazy("As another survey or site exported it, up to 32 MB."),
    )


class NewSurveyBundleForm(BundleForm):
    field_order = ("slug", "file")
    slug = forms.SlugField(
        label=gettext_lazy("URL slug"),
        help_text=gettext_lazy("Letters, digits and hyphens, such as atlas-2026. Can't be changed later."),
        widget=forms.TextInput({"autocomplete": "off"}),
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
    changes = _changes(request, form, partial(import_bundle, user=person(request), survey=survey))
    if changes is None:
        return _page(request, survey, form, status=400)
    if _is_dry(request):
        return _page(request, survey, form, changes=changes, is_tried=True)
    n = len(changes)
    messages.success(request, ngettext("Imported: %(n)d change.", "Imported: %(n)d changes.", n) % {"n": n})
    return redirect("project", survey.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@site_admin_page
def survey_from_bundle(request: HttpRequest) -> HttpResponse:
    """Show what survey a bundle makes; make it if that is asked for."""
    if request.method != "POST":
        return render(request, "imports/survey_from_bundle.html", {"form": NewSurveyBundleForm()})
    form = NewSurveyBundleForm(request.POST, request.FILES)
    slug = request.POST.get("slug", "")
    changes = _changes(request, form, partial(open_from_bundle, user=person(request), slug=slug))
    if changes is None or _is_dry(request):
        page = {"form": form, "changes": changes, "is_tried": changes is not None, "slug": slug}
        return render(request, "imports/survey_from_bundle.html", page, status=400 if changes is None else 200)
    message = _("%(survey)s is made, and you are its admin. Ingest images, then open its workflows.")
    messages.success(request, message % {"survey": slug})
    return redirect("project", slug)


def _changes(request: HttpRequest, form: BundleForm, run: Callable[..., list[Change]]) -> list[Change] | None:
    """Return what the bundle changes, or None with an error in the form."""
    if form.is_valid() and form.cleaned_data["file"].size > LARGEST_FILE:
        form.add_error("file", _("This file is larger than 32 MB. Nothing was changed."))
    if not form.is_valid():
        return None
    try:
        return run(file=form.cleaned_data["file"], is_dry=_is_dry(request))
    except BundleRefused as error:
        form.add_error("file", _("%(why)s Nothing was changed.") % {"why": error})
        return None


def _is_dry(request: HttpRequest) -> bool:
    return request.POST.get("act") != "import"


def _page(request: HttpRequest, survey: Survey, form: BundleForm, status: int = 200, **more: object) -> HttpResponse:
    return render(request, "imports/bundle.html", {"survey": survey, "form": form, **more}, status=status)
