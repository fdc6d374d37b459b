from django.db import models
from django.db.models import Q

from webapp.volunteers.models import Volunteer, Workflow


class Skill(models.Model):
    """How a volunteer answers subjects whose class is known: one count per true class and answer."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="skills")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="skills")
    yes_yes = models.PositiveIntegerField(default=0)
    yes_no = models.PositiveIntegerField(default=0)
    yes_unsure = models.PositiveIntegerField(default=0)
    no_yes = models.PositiveIntegerField(default=0)
    no_no = models.PositiveIntegerField(default=0)
    no_unsure = models.PositiveIntegerField(default=0)
    is_trusted = models.BooleanField(default=True, db_default=True, help_text="answers of others weigh nothing")
    stale = models.PositiveIntegerField(default=0, db_default=0, help_text="how often the past was judged anew")
    weighed = models.PositiveIntegerField(
        default=0, db_default=0, help_text="how often it had been when their answers were last weighed"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["volunteer", "workflow"], name="one_skill_per_workflow")]
        indexes = [
            models.Index(
                fields=["workflow", "volunteer"], name="skills_to_weigh", condition=Q(stale__gt=models.F("weighed"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.volunteer} in {self.workflow}"

    def counts(self) -> list[list[int]]:
        """Return rows by true class (no, yes), columns by answer (no, yes, unsure)."""
        return [[self.no_no, self.no_yes, self.no_unsure], [self.yes_no, self.yes_yes, self.yes_unsure]]
