from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.learning.models import Preset
from webapp.learning.roles import ROLE_OF_KIND
from webapp.workflows.models import Workflow


class WorkflowChoice(forms.ModelChoiceField):
    """Names a workflow together with the model that answers its question."""

    def label_from_instance(self, obj: Any) -> str:
        return _("%(workflow)s (model: %(role)s)") % {"workflow": obj.name, "role": ROLE_OF_KIND[obj.kind].label}


class TrainingForm(forms.Form):
    """What an admin says to start a training run."""

    workflow = WorkflowChoice(queryset=Workflow.objects.none(), label=_("Labels and role from"), empty_label=None)
    preset = forms.ChoiceField(choices=Preset.choices, label=_("How"))
    minutes = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=600,
        label=_("At most (minutes)"),
        help_text=_("Leave it empty to train until it no longer gets better."),
    )

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["workflow"]
        assert isinstance(field, WorkflowChoice)  # noqa: S101 - tells mypy what the class body says
        field.queryset = trainable(survey)


def trainable(survey: Survey) -> QuerySet[Workflow]:
    """Return the survey's workflows: a model can learn to answer the question of each."""
    return Workflow.objects.filter(survey=survey).order_by("name")
