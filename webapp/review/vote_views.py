"""Votes page of a subject: its posterior after each vote, and the lines drawn on it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ml.io.message import Message
from webapp.archive.access import person, subject_of, survey_page
from webapp.archive.models import Role, Subject, Survey
from webapp.core.csv_writer import csv_response
from webapp.review.consensus_browser import summed, with_model, with_rulings
from webapp.review.hidden_verdicts import hide_verdicts
from webapp.review.lines import annotations_of, lines_of
from webapp.review.timeline import Vote, timeline
from webapp.review.verdict_history import history_of
from webapp.review.verdict_panel import panel_context, panel_of, workflow_of
from webapp.workflows.models import Method, Workflow
from webapp.workflows.workflow_page import beside, workflow_page

VOTE_COLUMNS = (
    "number", "volunteer", "at_utc", "answer", "follow_up", "reason", "seconds", "is_counted", "weighs", "known_right",
    "known_answered", "p_answer_if_yes", "p_answer_if_no", "odds_factor", "posterior",
)  # fmt: skip
LINE_COLUMNS = (
    "external_id", "number", "volunteer", "frame", "x1_px", "y1_px", "x2_px", "y2_px", "length_px", "ra1_deg",
    "dec1_deg", "ra2_deg", "dec2_deg", "length_arcsec", "answer",
)  # fmt: skip


@require_safe
@survey_page(Role.SCIENTIST)
def votes(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    subject = subject_of(survey, pk)
    workflow = _workflow(survey, subject, request.GET.get("workflow", ""))
    history = timeline(workflow, subject)
    rows = list(with_model(with_rulings(summed(workflow).filter(subject=subject), workflow), workflow))
    hide_verdicts(rows, person(request))
    context = {
        "subject": subject,
        "row": rows[0] if rows else None,
        "annotations": annotations_of(subject, workflow),
        "votes": history,
        "plot": _plot(workflow, history),
        "weighs": workflow.method != Method.MAJORITY,
        "panel": panel_of(workflow, subject, person(request)),
        "history": history_of(workflow, subject),
        **panel_context(survey),
        **beside(workflow, "votes"),
    }
    return render(request, "review/votes.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def votes_csv(request: HttpRequest, workflow: Workflow, pk: int) -> HttpResponseBase:
    subject = get_object_or_404(Subject, survey=workflow.survey_id, pk=pk)
    rows = (
        (
            vote.number, vote.who, vote.at.isoformat(), vote.answer, vote.follow_up, vote.reason, vote.seconds,
            vote.is_counted, vote.weighs, vote.skill.right, vote.skill.n, vote.if_yes, vote.if_no, vote.odds,
            vote.posterior,
        )
        for vote in timeline(workflow, subject)
    )  # fmt: skip
    return csv_response(f"votes-{workflow.slug}-{pk}.csv", VOTE_COLUMNS, rows)


@require_safe
@workflow_page(Role.SCIENTIST)
def lines_csv(request: HttpRequest, workflow: Workflow, pk: int) -> HttpResponseBase:
    subject = get_object_or_404(Subject, survey=workflow.survey_id, pk=pk)
    rows = (
        (
            subject.external_id, line.number, line.who, line.mark.frame, line.mark.x1, line.mark.y1, line.mark.x2,
            line.mark.y2, line.pixels, line.mark.ra1, line.mark.dec1, line.mark.ra2, line.mark.dec2, line.arcsec,
            line.mark.classification.answer,
        )
        for line in lines_of(workflow, subject)
    )  # fmt: skip
    return csv_response(f"lines-{workflow.slug}-{pk}.csv", LINE_COLUMNS, rows)


def _workflow(survey: Survey, subject: Subject, slug: str) -> Workflow:
    workflow = workflow_of(survey, subject, slug)
    if workflow is None:
        raise Http404(Message("No workflow asks about this subject."))
    return workflow


def _plot(workflow: Workflow, history: list[Vote]) -> dict[str, Any]:
    """Return the data of the step plot; thresholds only if they apply to the posterior."""
    settles = workflow.method != Method.MAJORITY
    return {
        "number": [0, *(vote.number for vote in history)],
        "label": ["", *(f"{vote.who}: {vote.answer}" for vote in history)],
        "posterior": [workflow.prior, *(vote.posterior for vote in history)],
        "thresholds": [workflow.reject_threshold, workflow.accept_threshold] if settles else [],
    }
