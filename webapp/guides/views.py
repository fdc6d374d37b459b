"""Tutorial, field guide, help and their images, for volunteers."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.markdown import as_html
from webapp.core.page_rates import refuse
from webapp.guides.built_in import built_in_help
from webapp.guides.field_guide import field_guide
from webapp.guides.guide_texts import current_text, note_step, tutorial_of
from webapp.guides.models import GuideImage, GuideKind
from webapp.guides.translations import show_translated
from webapp.queue.leases import NewcomerRate, store_newcomer
from webapp.volunteers.identity import reader_of, remember, volunteer_of
from webapp.workflows.models import Workflow


@require_http_methods(["GET", "HEAD", "POST"])
@ensure_csrf_cookie
@cache_control(private=True, no_store=True)
def tutorial(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = _workflow(slug)
    if request.method == "POST":
        return _note_step(request, workflow)
    return _answer(request, "guides/tutorial.html", workflow, tutorial=tutorial_of(workflow, reader_of(request)))


@require_safe
@cache_control(private=True, no_store=True)
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = _workflow(slug)
    search = request.GET.get("q", "")[:100]
    entries = field_guide(workflow, reader_of(request), search)
    lacks_examples = any(entry.label and not entry.examples for entry in entries)
    return _answer(
        request, "guides/field_guide.html", workflow, entries=entries, search=search, lacks_examples=lacks_examples
    )


@require_safe
@cache_control(private=True, no_store=True)
def help_text(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = _workflow(slug)
    text = current_text(workflow.survey, workflow, GuideKind.HELP)
    html = as_html(text.body) if text else "" if workflow.help_text else built_in_help(workflow)
    return _answer(request, "guides/help.html", workflow, html=html)


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def image(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    row = get_object_or_404(GuideImage, pk=pk, digest=digest)
    return HttpResponse(bytes(row.content), content_type=row.content_type)


def _note_step(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    step = request.POST.get("step", "")
    volunteer = volunteer_of(request)
    if volunteer.pk is None and not (rate := NewcomerRate()).allow_request(request, None):
        return refuse(request, rate)
    tutorial = tutorial_of(workflow, None)
    if not step.isascii() or not step.isdigit() or len(step) > 4:
        return HttpResponseBadRequest("There is no such step.", content_type="text/plain; charset=utf-8")
    if tutorial.text is None:
        return HttpResponse(status=204)  # nobody has to resume the built-in one
    store_newcomer(volunteer)
    note_step(
        volunteer,
        text=tutorial.text,
        steps=len(tutorial.steps),
        step=int(step),
        is_finished=request.POST.get("finished") == "yes",
    )
    response = HttpResponse(status=204)
    remember(response, volunteer)
    return response


def _workflow(slug: str) -> Workflow:
    workflow = get_object_or_404(Workflow.objects.select_related("survey"), slug=slug, is_active=True)
    show_translated(workflow)
    return workflow


def _answer(request: HttpRequest, template: str, workflow: Workflow, **context: object) -> HttpResponse:
    """Return only the fragment if the classify page asks for it, else a whole page."""
    frame = "guides/part.html" if request.GET.get("part") else "base.html"
    return render(request, template, {"workflow": workflow, "survey": workflow.survey, "frame": frame, **context})
