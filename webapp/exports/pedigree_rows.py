"""The pedigree of a survey's candidates, a page at a time: every vote, score, verdict and note behind each."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from webapp.archive.models import Survey
from webapp.core.csv_writer import instant
from webapp.exports.candidate_rows import Row, candidate_subjects, rows_of
from webapp.exports.classification_rows import answers_of
from webapp.known_objects.models import RuledOutMatch
from webapp.learning.models import Score
from webapp.review.models import CaseEvent, Ruling, SecondOpinion, SecondOpinionRequest
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Workflow


def pedigree_pages(survey: Survey) -> Iterator[list[Row]]:
    """Yield each candidate with what stands behind it, withdrawn verdicts among it, oldest first."""
    workflows = list(Workflow.objects.filter(survey=survey).order_by("pk"))
    for page in candidate_subjects(survey):
        keys = [row.pk for row in page]
        behind = {
            "votes": _all_votes(workflows, keys),
            "scores": _all_scores(keys),
            "verdicts": _all_verdicts(keys),
            "events": _all_events(keys),
        }
        yield [
            row | {name: facts.get(row["subject_id"], []) for name, facts in behind.items()}
            for row in rows_of(survey, page)
        ]


def _all_votes(workflows: Collection[Workflow], keys: list[int]) -> Mapping[int, list[Row]]:
    votes: dict[int, list[Row]] = defaultdict(list)
    for workflow in workflows:
        for given in answers_of(workflow, keys):
            who = pseudonym(given.volunteer, given.has_account).user_name
            said = {"answer": given.answer, "follow_up": given.follow_up, "at": given.created_at}
            about = {"id": str(given.id), "workflow": workflow.slug, "volunteer": who, "counts": given.weighs}
            votes[given.subject].append(about | said)
    return votes


def _all_scores(keys: Collection[int]) -> Mapping[int, list[Row]]:
    scores: dict[int, list[Row]] = defaultdict(list)
    for row in Score.objects.filter(subject__in=keys).select_related("checkpoint").order_by("checkpoint"):
        model = {"model": str(row.checkpoint), "checkpoint": row.checkpoint_id, "sha256": row.checkpoint.sha256}
        scores[row.subject_id].append(model | {"p_real": row.p_real, "is_champion": row.checkpoint.is_champion})
    return scores


def _all_verdicts(keys: Collection[int]) -> Mapping[int, list[Row]]:
    verdicts: dict[int, list[Row]] = defaultdict(list)
    rulings = Ruling.objects.filter(subject__in=keys).select_related("scientist", "workflow").order_by("pk")
    opinions = SecondOpinion.objects.filter(ruling__subject__in=keys).order_by("pk")
    opinions = opinions.select_related("scientist", "ruling__workflow")
    for row in rulings:
        verdicts[row.subject_id].append({"kind": "ruling", "workflow": row.workflow.slug, **_verdict_columns(row)})
    for opinion in opinions:
        about = {"kind": "second opinion", "workflow": opinion.ruling.workflow.slug}
        verdicts[opinion.ruling.subject_id].append({**about, **_verdict_columns(opinion)})
    return verdicts


def _verdict_columns(row: Ruling | SecondOpinion) -> Row:
    return {
        "by": row.scientist.get_username(),
        "verdict": row.verdict,
        "label": row.label,
        "note": row.note,
        "at": instant(row.created_at),
        "withdrawn_at": instant(row.withdrawn_at),
    }


def _all_events(keys: Collection[int]) -> Mapping[int, list[Row]]:
    """Return notes, holds, assignments, tags, requests for second opinions, and known objects ruled out, by subject."""
    found: dict[int, list[Row]] = defaultdict(list)
    events = CaseEvent.objects.filter(case__subject__in=keys).select_related("by")
    for subject, event in ((event.case.subject_id, event) for event in events.select_related("case")):
        found[subject].append({"action": event.action, "text": event.text, **_who_and_when(event)})
    asked = SecondOpinionRequest.objects.filter(ruling__subject__in=keys).select_related("by", "ruling__workflow")
    for request in asked:
        action = "ask for a second opinion" if request.is_wanted else "no longer ask for a second opinion"
        about = {"action": action, "text": "", "workflow": request.ruling.workflow.slug}
        found[request.ruling.subject_id].append(about | _who_and_when(request))
    for word in RuledOutMatch.objects.filter(subject__in=keys).select_related("by"):
        about = {"action": "rule out a known object", "text": word.note, "object": word.designation}
        found[word.subject_id].append(about | {"taken_back_at": instant(word.taken_back_at)} | _who_and_when(word))
    return {subject: sorted(rows, key=lambda row: row["at"]) for subject, rows in found.items()}


def _who_and_when(row: CaseEvent | SecondOpinionRequest | RuledOutMatch) -> Row:
    return {"by": row.by.get_username() if row.by else None, "at": instant(row.created_at)}
