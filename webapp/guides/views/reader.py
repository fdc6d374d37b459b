"""Tutorial, field guide and help, as parts of the classify page or as pages of their own."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.markdown import as_html
from webapp.guides.field_guide import field_guide
from webapp.guides.models import GuideImage, GuideKind
from webapp.guides.texts import current_text
from webapp.guides.tutorial import note_step, tutorial_of
from webapp.queue.newcomers import NewcomerRate, settle
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
    entries = field_guide(workflow.survey, reader_of(request), search)
    return _answer(request, "guides/field_guide.html", workflow, entries=entries, search=search)


@require_safe
@cache_control(private=True, no_store=True)
def help_text(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = _workflow(slug)
    text = current_text(workflow.survey, workflow, GuideKind.HELP)
    return _answer(request, "guides/help.html", workflow, html=as_html(text.body) if text else "")


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def image(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    row = get_object_or_404(GuideImage, pk=pk, digest=digest)
    return HttpResponse(bytes(row.content), content_type=row.content_type)


def _note_step(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    step = request.POST.get("step", "")
    volunteer = volunteer_of(request)
    if volunteer.pk is None and not NewcomerRate().allow_request(request, None):
        return HttpResponse(status=429)
    tutorial = tutorial_of(workflow, None)
    if tutorial is None or not step.isascii() or not step.isdigit() or len(step) > 4:
        return HttpResponseBadRequest("There is no such step.", content_type="text/plain; charset=utf-8")
    settle(volunteer)
    note_step(volunteer=volunteer, tutorial=tutorial, step=int(step), is_finished=request.POST.get("finished") == "yes")
    response = HttpResponse(status=204)
    remember(response, volunteer)
    return response


def _workflow(slug: str) -> Workflow:
    return get_object_or_404(Workflow.objects.select_related("survey"), slug=slug, is_active=True)


def _answer(request: HttpRequest, template: str, workflow: Workflow, **context: object) -> HttpResponse:
    """Answer with the part alone where the classify page asks for it, else with a whole page."""
    frame = "guides/part.html" if request.GET.get("part") else "base.html"
    return render(request, template, {"workflow": workflow, "survey": workflow.survey, "frame": frame, **context})
