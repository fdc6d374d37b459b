"""The options of a page of figures, from its address: a threshold and the page's own; and the workflow's champion."""

from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from webapp.core.active_filters import refuse_errors
from webapp.core.figure_table import Column, FigureTable
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint
from webapp.learning.promotion import champion_of
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside

HALF = 0.5


def any_step() -> forms.NumberInput:
    return forms.NumberInput({"step": "any"})


class ThresholdForm(forms.Form):
    threshold = forms.FloatField(min_value=0, max_value=1, label=_("Threshold"), widget=any_step())


class PageOptions:
    """The values of a form in the URL, the usual ones where they are missing; and the workflow's champion.

    With a bad value, a page shows its form's errors and no figures, as if they were for that value; a file is refused.

    Parameters
    ----------
    usual
        The usual values of the form's fields besides the threshold, which is the champion's.
    """

    def __init__(self, request: HttpRequest, workflow: Workflow, form: type[ThresholdForm], **usual: Any) -> None:
        self.workflow = workflow
        self.champion: Checkpoint | None = champion_of(workflow.survey, role_of(workflow))
        usual["threshold"] = self.champion.threshold if self.champion else HALF
        self.form = form({name: request.GET.get(name) or value for name, value in usual.items()})
        self.form.is_valid()
        self.values: dict[str, Any] = self.form.cleaned_data

    def accepted(self) -> Self:
        """Return this for a file; raises BadRequest if a value is bad."""
        refuse_errors(self.form)
        return self

    def refused(self, request: HttpRequest, template: str, here: str) -> HttpResponse:
        """Return the page with its form and what is wrong in it, without figures."""
        context = {"asked": self, "form": self.form, **beside(self.workflow, here)}
        return render(request, template, context, status=400)

    def with_model(self, table: FigureTable) -> FigureTable:
        """Return a table whose last column is P(real) with the number of the model that gave it: the champion."""
        number = self.champion and self.champion.pk
        return table.with_column(Column("model", "model"), [None if row[-1] is None else number for row in table.rows])

    @property
    def threshold(self) -> float:
        return float(self.values["threshold"])

    @property
    def population(self) -> str:
        return str(self.values["population"])

    @property
    def query(self) -> str:
        return self.query_with()

    def query_with(self, **values: Any) -> str:
        """Return the query with some other values."""
        return urlencode({name: value for name, value in (self.values | values).items() if value not in (None, "")})
