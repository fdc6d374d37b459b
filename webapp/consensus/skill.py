"""How well volunteers answer subjects whose class is known: counted with every answer, or anew from all of them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Count

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


def count_answers(answers: Sequence[Classification], change: int) -> None:
    """Add (1) or take back (-1) one volunteer's answers in one workflow, as far as the truth is known."""
    cells = Counter(f"{truth}_{each.answer}" for each in answers if (truth := each.subject.gold_answer()))
    if cells:
        whose = {"volunteer": answers[0].volunteer_id, "workflow": answers[0].workflow_id}
        execute(ADD, {cell: change * cells[cell] for cell in CELLS} | whose)


@transaction.atomic
def recount(workflow: Workflow, volunteers: Iterable[int] | None = None) -> None:
    """Count the skills in a workflow anew from the standing answers: everybody's, or these volunteers'."""
    answers = Classification.objects.standing().filter(workflow=workflow).exclude(subject__gold_label="")
    skills = Skill.objects.filter(workflow=workflow)
    if volunteers is not None:
        wanted = list(volunteers)
        answers, skills = answers.filter(volunteer__in=wanted), skills.filter(volunteer__in=wanted)
    counted: dict[int, Counter[str]] = {}
    for volunteer, label, answer, n in answers.values_list("volunteer", "subject__gold_label", "answer").annotate(
        n=Count("pk")
    ):
        truth = Subject(survey=workflow.survey, gold_label=label).gold_answer()
        counted.setdefault(volunteer, Counter())[f"{truth}_{answer}"] += n
    skills.delete()
    Skill.objects.bulk_create(
        Skill(volunteer_id=volunteer, workflow=workflow, **cells) for volunteer, cells in sorted(counted.items())
    )
