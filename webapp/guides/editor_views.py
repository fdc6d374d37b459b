"""Pages where scientists write tutorials, field guides and help: list, editor, preview, earlier versions, images."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Membership, Role, Survey
from webapp.core.markdown import as_html, has_foreign_pictures, sections
from webapp.core.pictures import PictureRefused
from webapp.guides.built_in import built_in_markdown
from webapp.guides.field_guide import class_of
from webapp.guides.guide_texts import TextRefused, check_length, current_text, versions, write_text
from webapp.guides.images import address_of, store_image, store_subject_picture
from webapp.guides.models import GuideKind, GuideText, Language
from webapp.workflows.models import Workflow


class TextForm(forms.Form):
    """A text in Markdown, and the version it is based on."""

    body = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("Text, in Markdown"),
        widget=forms.Textarea({"rows": 22, "spellcheck": "true", "aria-describedby": "how-to-write"}),
    )
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean_body(self) -> str:
        """Normalise line ends; browsers send CRLF."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")


PER_TASK = (GuideKind.TUTORIAL, GuideKind.HELP)


@require_safe
@survey_page(Role.SCIENTIST)
def guides(request: HttpRequest, survey: Survey) -> HttpResponse:
    newest = GuideText.objects.filter(survey=survey).order_by("workflow_id", "kind", "language", "-version")
    texts = {
        (text.workflow_id, text.kind, text.language): text
        for text in newest.distinct("workflow_id", "kind", "language").select_related("created_by")
    }
    rows = [_row(survey, None, GuideKind.FIELD_GUIDE, texts)]
    rows += [_row(survey, each, kind, texts) for each in survey.workflows.all() for kind in PER_TASK]
    return render(
        request,
        "guides/guides.html",
        {"survey": survey, "rows": rows, "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.SCIENTIST)
def editor(request: HttpRequest, survey: Survey, kind: str, language: str, workflow: str = "") -> HttpResponse:
    of = _place(survey, workflow, kind, language)
    newest = versions(**of).first()
    if request.method != "POST":
        body = newest.body if newest else ""
        starts = _built_in(of) if "built-in" in request.GET and not body.strip() else ""
        form = TextForm(initial={"body": starts or body, "based_on": newest.version if newest else 0})
        return _editor(request, of, form, newest, starts=bool(starts))
    form = TextForm(request.POST)
    if form.is_valid():
        try:
            saved = write_text(**of, **form.cleaned_data, by=person(request))
        except TextRefused as error:
            form.add_error("body", str(error))
        else:
            messages.success(request, _saved_message(of, saved))
            return redirect(address_of_text(of))
    return _editor(request, of, form, newest, status=400)


def _saved_message(of: dict[str, Any], saved: GuideText) -> str:
    """Say what readers see now; an empty text takes the one before back."""
    if saved.body.strip():
        return _("Version %(version)d saved and published.") % {"version": saved.version}
    shown = current_text(**of)
    if shown is None:
        return _("Version %(version)d saved. Readers see the built-in text again.") % {"version": saved.version}
    message = _("Version %(version)d saved. Readers see the text in %(language)s instead.")
    return message % {"version": saved.version, "language": shown.get_language_display()}


@require_POST
@survey_page(Role.SCIENTIST)
def preview(request: HttpRequest, survey: Survey, kind: str) -> HttpResponse:
    """Return the text as readers would see it."""
    body = request.POST.get("body", "")
    try:
        check_length(body)
    except TextRefused as error:
        return render(request, "guides/preview.html", {"kind": GuideKind.HELP, "html": str(error)})
    return render(request, "guides/preview.html", _shown(survey, kind, body))


@require_safe
@survey_page(Role.SCIENTIST)
def version(
    request: HttpRequest, survey: Survey, kind: str, language: str, number: int, workflow: str = ""
) -> HttpResponse:
    of = _place(survey, workflow, kind, language)
    text = get_object_or_404(versions(**of), version=number)
    newest = versions(**of)[0]
    context = {"text": text, "newest": newest, "address": address_of_text(of), **of, **_shown(survey, kind, text.body)}
    return render(request, "guides/version.html", context)


@require_POST
@survey_page(Role.SCIENTIST)
def image_add(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Store an uploaded picture, or that of a subject; return the URL to put into a text."""
    upload, subject = request.FILES.get("picture"), request.POST.get("subject", "").strip()
    if upload is None and not subject:
        return JsonResponse({"detail": _("Choose a picture first.")}, status=400)
    try:
        if upload is None:
            image = store_subject_picture(survey=survey, name=subject, by=person(request))
        else:
            image = store_image(survey=survey, upload=upload, by=person(request))
    except PictureRefused as error:
        return JsonResponse({"detail": str(error)}, status=400)
    return JsonResponse({"address": address_of(image), "width": image.width, "height": image.height}, status=201)


def _place(survey: Survey, workflow: str, kind: str, language: str) -> dict[str, Any]:
    """Return the text that the URL means; 404 for an impossible one."""
    if kind not in GuideKind.values or language not in Language.values or bool(workflow) == (kind == "field-guide"):
        raise Http404("There is no such text.")
    of = get_object_or_404(Workflow, survey=survey, slug=workflow) if workflow else None
    return {"survey": survey, "workflow": of, "kind": kind, "language": language}


def _built_in(of: dict[str, Any]) -> str:
    """Return the built-in text at this place; the field guide's is that of the survey's first workflow."""
    workflow = of["workflow"] or of["survey"].workflows.order_by("pk").first()
    return built_in_markdown(workflow, of["kind"], of["language"]) if workflow else ""


def address_of_text(of: dict[str, Any], name: str = "guide-text", **more: Any) -> str:
    """Return where a text is edited, or another page of it."""
    place = {"slug": of["survey"].slug, "kind": of["kind"], "language": of["language"], **more}
    if of["workflow"]:
        return reverse(f"{name}-of", kwargs={**place, "workflow": of["workflow"].slug})
    return reverse(name, kwargs=place)


def _row(survey: Survey, workflow: Workflow | None, kind: GuideKind, texts: dict[Any, GuideText]) -> dict[str, Any]:
    of = {"survey": survey, "workflow": workflow, "kind": kind.value}
    written = {code: texts.get((workflow.pk if workflow else None, kind.value, code)) for code in Language.values}
    languages = [
        {"name": name, "text": written[code], "address": address_of_text({**of, "language": code})}
        for code, name in Language.choices
    ]
    is_built_in = not any(text and text.body.strip() for text in written.values())
    return {"workflow": workflow, "label": kind.label, "languages": languages, "is_built_in": is_built_in}


def _editor(
    request: HttpRequest,
    of: dict[str, Any],
    form: TextForm,
    newest: GuideText | None,
    *,
    status: int = 200,
    starts: bool = False,
) -> HttpResponse:
    survey, kind = of["survey"], of["kind"]
    languages = [
        {"code": code, "name": name, "address": address_of_text({**of, "language": code})}
        for code, name in Language.choices
    ]
    rows = [
        {"text": text, "address": address_of_text(of, "guide-version", number=text.version)}
        for text in versions(**of).select_related("created_by")[:50]
    ]
    own = current_text(survey, of["workflow"], kind, survey.language) if of["language"] != survey.language else None
    context = {
        "form": form,
        "newest": newest,
        "starts": starts,
        "has_built_in": of["workflow"] is not None or survey.workflows.exists(),
        "versions": rows,
        "languages": languages,
        "own": own,
        "shown": current_text(survey, of["workflow"], kind, of["language"]),
        "label": GuideKind(kind).label,
        "language_name": Language(of["language"]).label,
        **of,
        **_shown(survey, kind, form["body"].value() or ""),
    }
    return render(request, "guides/editor.html", context, status=status)


def _shown(survey: Survey, kind: str, body: str) -> dict[str, Any]:
    """Return a text as readers see it: whole, or split into steps or classes by its headings."""
    shown = {"kind": kind, "has_foreign_pictures": has_foreign_pictures(body)}
    if kind == GuideKind.HELP:
        return {**shown, "html": as_html(body)}
    parts = [{"section": section, "label": class_of(survey, section.title)} for section in sections(body)]
    return {**shown, "parts": parts}
