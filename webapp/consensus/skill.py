"""How well volunteers answer subjects whose class is known: counted with every answer, or anew from all of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from webapp.archive.models import Subject
from webapp.consensus.models import Skill
from webapp.sql import execute
from webapp.volunteers.models import Classification, Workflow

CELLS = ("yes_yes", "yes_no", "yes_unsure", "no_yes", "no_no", "no_unsure")

# The sums are made by the database, so that answers given at the same time are all counted.
ADD = f"""
    INSERT INTO consensus_skill AS known (volunteer_id, workflow_id, {", ".join(CELLS)}, updated_at)
    VALUES (%(volunteer)s, %(workflow)s, {", ".join(f"greatest(%({cell})s, 0)" for cell in CELLS)}, now())
    ON CONFLICT (volunteer_id, workflow_id) DO UPDATE
    SET {", ".join(f"{cell} = known.{cell} + %({cell})s" for cell in CELLS)}, updated_at = now()
"""  # noqa: S608  # the names are the constants above


# Whoever adds holds this lock with others who add; whoever counts anew holds it alone, and misses nobody's answer.
LOCK_TO_ADD = "SELECT pg_advisory_xact_lock_shared(hashtext('consensus_skill'), %s)"
LOCK_TO_COUNT = "SELECT pg_advisory_xact_lock(hashtext('consensus_skill'), %s)"


def count_answers(answers: Sequence[Classification], change: int) -> None:
    """Add (1) or take back (-1) one volunteer's answers in one workflow, as far as the truth is known.

    Who undoes an answer to a training subject has been told the truth: what they answer then says nothing of skill.
    """
    known = [each for each in answers if each.subject.gold_answer()]
    if not known:
        return
    told = _undone_before(known)
    cells = Counter(f"{each.subject.gold_answer()}_{each.answer}" for each in known if each.subject_id not in told)
    execute(LOCK_TO_ADD, [known[0].workflow_id])
    whose = {"volunteer": known[0].volunteer_id, "workflow": known[0].workflow_id}
    execute(ADD, {cell: change * cells[cell] for cell in CELLS} | whose)


def _undone_before(answers: Sequence[Classification]) -> set[int]:
    """Return the subjects to which the volunteer had given, and undone, another answer before."""
    undone = Classification.objects.filter(
        volunteer=answers[0].volunteer_id,
        workflow=answers[0].workflow_id,
        subject__in=[each.subject_id for each in answers],
        withdrawn_at__isnull=False,
    )
    return set(undone.exclude(pk__in=[each.pk for each in answers]).values_list("subject", flat=True))


@transaction.atomic
def recount(workflow: Workflow, volunteers: Iterable[int] | None = None) -> None:
    """Count the skills in a workflow anew from the standing answers: everybody's, or these volunteers'."""
    execute(LOCK_TO_COUNT, [workflow.pk])
    skills, answers = Skill.objects.filter(workflow=workflow), telling_answers(workflow)
    if volunteers is not None:
        whose = list(volunteers)
        skills, answers = skills.filter(volunteer__in=whose), answers.filter(volunteer__in=whose)
    counted = _cells(workflow, answers)
    skills.exclude(volunteer__in=list(counted)).delete()
    Skill.objects.bulk_create(
        [
            Skill(volunteer_id=volunteer, workflow=workflow, **{cell: cells[cell] for cell in CELLS})
            for volunteer, cells in sorted(counted.items())
        ],
        update_conflicts=True,
        unique_fields=["volunteer", "workflow"],
        update_fields=[*CELLS, "updated_at"],
    )


def telling_answers(workflow: Workflow) -> QuerySet[Classification]:
    """Return the standing answers to subjects of known class, without those that replaced an undone one."""
    undone = Classification.objects.filter(
        volunteer=OuterRef("volunteer"), workflow=workflow, subject=OuterRef("subject"), withdrawn_at__isnull=False
    )
    answers = Classification.objects.counted().filter(workflow=workflow)
    return answers.exclude(subject__gold_label="").filter(~Exists(undone))


def _cells(workflow: Workflow, answers: QuerySet[Classification]) -> dict[int, Counter[str]]:
    """Count answers by volunteer, truth and answer."""
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    counts = answers.values_list("volunteer", "subject__gold_label", "answer").annotate(n=Count("pk"))
    for volunteer, label, answer, n in counts:
        truth = Subject(survey=workflow.survey, gold_label=label).gold_answer()
        counted[volunteer][f"{truth}_{answer}"] += n
    return counted
