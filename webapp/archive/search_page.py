"""The archive's page for scientists: the search's results as pictures or as a table, in the chosen order."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.archive.review_link import review_link, workflow_of
from webapp.archive.search_form import SearchForm
from webapp.archive.sorted_values import sorted_value
from webapp.archive.subject_orders import Order, ordered
from webapp.archive.subject_search import search, tells_class
from webapp.archive.subject_table import table_for
from webapp.archive.subject_total import asking_for_all, total_of
from webapp.archive.verdict_blinding import hides_verdict
from webapp.core.active_filters import active_filters
from webapp.core.keyset_pagination import Page, cursor_in, neighbours, page_of

PER_PAGE = 48


def search_page(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Answer a scientist's search: a page in the chosen order, with a total and both directions."""
    reachable = Membership.objects.surveys(request.user, Role.SCIENTIST).order_by("pk")
    form = SearchForm(request.GET, survey=survey, reachable=list(reachable))
    surveys = form.surveys if form.is_valid() else []
    rows = search(surveys, form.cleaned_data) if surveys else Subject.objects.none()
    if surveys and tells_class(form.cleaned_data):
        rows = rows.exclude(hides_verdict(request.user, "pk"))
    order = ordered(rows, form.cleaned_data["sort"], form.workflow) if surveys else None
    shown, page = _page(request.GET, form, order) if order else ([], Page([], None, None))
    is_of_several = len(surveys) > 1
    judged_in = workflow_of(form, shown) if len(surveys) == 1 else None
    context = {
        "survey": survey,
        "knows_truth": True,
        "form": form,
        "active_filters": active_filters(form.folded(), request.GET),
        "subjects": shown,
        "model": order and order.model,
        "is_of_several": is_of_several,
        "review": review_link(form, judged_in) if len(surveys) == 1 else None,
        "judged_in": judged_in,
        "total": total_of(surveys, rows, request.GET),
        "all": asking_for_all(request.GET),
        **neighbours(request.GET, page),
    }
    if surveys and form.cleaned_data["view"] == "table":
        context |= _as_table(request.GET, form, shown, is_of_several=is_of_several)
    return render(request, "archive/subjects.html", context, status=400 if form.errors else 200)


def _as_table(asked: QueryDict, form: SearchForm, shown: list[Any], *, is_of_several: bool) -> dict[str, Any]:
    """Fill the subjects' cells; return the table, and the model whose scores it has."""
    table = table_for(asked, form.cleaned_data["sort"], is_of_several=is_of_several)
    table.fill(shown, form.workflow)
    model = None if is_of_several else ordered(Subject.objects.none(), "p_real", form.workflow).model
    return {"table": table, "model": model}


def _page(asked: QueryDict, form: SearchForm, order: Order) -> tuple[list[Any], Page]:
    """Return the subjects of a page, each with the words for what it is `sorted_by`, and the page."""
    cursor = cursor_in(asked, kind=order.kind)
    page = page_of(order.rows, by=order.by, cursor=cursor, size=PER_PAGE, key=order.key, unset=order.unset)
    shown: list[Any] = order.with_values(page.keys)
    of = {survey.pk: survey for survey in form.surveys}
    for row in shown:
        row.survey = of[row.survey_id]
        row.sorted_by = sorted_value(form.cleaned_data["sort"], row.sorted_by) if order.has_values else ""
    return shown, page
