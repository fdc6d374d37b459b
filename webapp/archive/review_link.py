"""The archive's search as a list in Review, with those of its filters that Review has."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from webapp.archive.models import Subject
from webapp.archive.search_form import SearchForm
from webapp.archive.subject_search import REGIONS

SHARED = ("tag", "known", "mjd_min", "mjd_max", *REGIONS)
NO_FILTERS = ("kind", "workflow", "match", "sort", "view", "reach")
"""Fields that choose the workflow, or how to search and show; Review has none of them, and needs none."""


@dataclass(frozen=True)
class ReviewLink:
    """The list's address, and whether filters had to be left out."""

    address: str
    is_wider: bool


def review_link(form: SearchForm, workflow: Any) -> ReviewLink | None:
    """Return the list in a workflow's Review of a valid search; None without a workflow."""
    if workflow is None:
        return None
    wanted = {name for name, value in form.cleaned_data.items() if value not in (None, "")}
    kept = {name: form.data[name] for name in SHARED if name in wanted}
    query = urlencode({"workflow": workflow.slug, "queue": "all", "state": "all", **kept})
    is_wider = bool(wanted - {*SHARED, *NO_FILTERS})
    return ReviewLink(f"{reverse('review', args=[form.survey.slug])}?{query}", is_wider)


def workflow_of(form: SearchForm, found: Iterable[Subject]) -> Any:
    """Return the workflow of verdicts on what a valid search found.

    The chosen one, or else the first that asks about any of the subjects; None if none does.
    """
    kind = form.cleaned_data.get("kind")
    kinds = {kind} if kind else {each.kind for each in found}
    candidates = [each for each in (form.cleaned_data.get("workflow"), *form.workflows) if each is not None]
    return next((each for each in candidates if each.kind in kinds or not kinds), None)
