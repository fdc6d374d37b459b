"""Model roles: which model a workflow needs, and the classes of a survey's models."""

from dataclasses import dataclass

from webapp.archive.models import Survey
from webapp.learning.models import Checkpoint, ModelRole
from webapp.workflows.models import Workflow

ROLE_OF_KIND = {role.kind: role for role in ModelRole}


@dataclass(frozen=True)
class Classes:
    """Fine classes in the models' order, and which of them are real movers."""

    names: tuple[str, ...]
    positive: tuple[str, ...]

    @property
    def negative(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in self.positive)

    def side(self, answer: str) -> tuple[str, ...]:
        """Return the classes that a plain yes or no allows."""
        return self.positive if answer == "yes" else self.negative

    def answer(self, label: str) -> str:
        """Return yes or no for a fine class, a yes or a no."""
        return "yes" if label == "yes" or label in self.positive else "no"

    def allowed(self, label: str) -> tuple[str, ...]:
        """Return the classes that a label allows: itself if it is a fine class, else its whole side."""
        return (label,) if label in self.names else self.side(self.answer(label))


def role_of(workflow: Workflow) -> ModelRole:
    """Return the role of the model that answers the workflow's question."""
    return ROLE_OF_KIND[workflow.kind]


def roles_of(survey: Survey) -> list[ModelRole]:
    """Return the roles that the survey's workflows need, and those with a model."""
    kinds = set(Workflow.objects.filter(survey=survey).values_list("kind", flat=True))
    trained = set(Checkpoint.objects.filter(survey=survey).values_list("role", flat=True))
    return [role for role in ModelRole if role.kind in kinds or role in trained]


def classes_of(survey: Survey) -> Classes:
    """Return the survey's classes; plain no and yes if it names none, or none that is real or bogus."""
    names, positive = tuple(survey.classes), tuple(name for name in survey.classes if name in survey.positive)
    if not positive or len(positive) == len(names):
        return Classes(("no", "yes"), ("yes",))
    return Classes(names, positive)
