"""The classify page. The subjects themselves come through the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from webapp.volunteers.identity import reader_of
from webapp.volunteers.models import Answer, Workflow
from webapp.volunteers.models.mark import MOST_MARKS
from webapp.volunteers.tutorial import tutorial_of


@require_safe
@ensure_csrf_cookie
def classify(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = get_object_or_404(Workflow.objects.select_related("survey"), slug=slug, is_active=True)
    config = {
        "workflow": workflow.slug,
        "who": request.user.pk,
        "grace": workflow.grace,
        "followUps": {answer: workflow.offered(answer) for answer in Answer.values},
        "channels": workflow.survey.channels,
        "reader": _reader(request, workflow),
        "lines": MOST_MARKS if workflow.line_marking else 0,
        "urls": {"next": f"/api/workflows/{workflow.slug}/next/", "classifications": "/api/classifications/"},
    }
    return render(request, "volunteers/classify.html", {"workflow": workflow, "config": config})


def _reader(request: HttpRequest, workflow: Workflow) -> dict[str, object]:
    """Return where the page finds what volunteers read, and whether the tutorial opens by itself."""
    tutorial = tutorial_of(workflow, reader_of(request))
    return {
        "tutorial": reverse("tutorial", args=[workflow.slug]),
        "guide": reverse("field-guide", args=[workflow.slug]),
        "help": reverse("help", args=[workflow.slug]),
        "styles": static("volunteers/guide.css"),
        "tutorialIsDue": tutorial is not None and not tutorial.is_finished,
    }
