"""The page on which a scientist turns a tag into a class, and chooses its examples."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from webapp.archive.access import person, survey_page
from webapp.archive.audit import record_act
from webapp.archive.models import Role, Survey
from webapp.archive.models.survey import CLASS_NAME_LENGTH
from webapp.review.class_from_tag import make_class, possible_examples
from webapp.workflows.models import Workflow

ANSWERS = (("yes", gettext_lazy("Yes: a real mover")), ("no", gettext_lazy("No: something else")))


class ClassFromTagForm(forms.Form):
    """The class, the workflow that offers it, the answer it belongs to, and its examples."""

    label = forms.CharField(max_length=CLASS_NAME_LENGTH, label=gettext_lazy("Class"))
    workflow = forms.ModelChoiceField(
        Workflow.objects.none(), label=gettext_lazy("Workflow that offers it"), to_field_name="slug", empty_label=None
    )
    answer = forms.ChoiceField(choices=ANSWERS, label=gettext_lazy("After the answer"))
    examples = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, survey: Survey, subjects: list[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workflow"].queryset = Workflow.objects.filter(survey=survey)  # type: ignore[attr-defined]
        self.fields["examples"].choices = [(pk, pk) for pk in subjects]  # type: ignore[attr-defined]

    def settings(self) -> list[forms.BoundField]:
        return [self[name] for name in ("label", "workflow", "answer")]


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.SCIENTIST)
def class_from_tag(request: HttpRequest, survey: Survey, name: str) -> HttpResponseBase:
    subjects = list(possible_examples(survey, name))
    first = {"label": name.upper()[:CLASS_NAME_LENGTH]}
    form = ClassFromTagForm(survey, [row.pk for row in subjects], request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        record_act(request, person(request), survey)  # classes are the survey's settings
        if _is_made(request, form):
            return redirect("tag", survey.slug, name)
    chosen = request.POST.getlist("examples")
    examples = [(row, str(row.pk) in chosen) for row in subjects]
    page = {"survey": survey, "name": name.lower(), "form": form, "examples": examples}
    return render(request, "review/class_from_tag.html", page, status=400 if form.is_bound else 200)


def _is_made(request: HttpRequest, form: ClassFromTagForm) -> bool:
    """Make the class, and say so; otherwise put the reasons into the form."""
    try:
        count = make_class(by=person(request), **form.cleaned_data)
    except ValidationError as error:
        for reason in error.messages:
            form.add_error(None, reason)
        return False
    examples = ngettext("%(count)d example", "%(count)d examples", count) % {"count": count}
    message = _("%(label)s is a class now, with %(examples)s. Describe it in the field guide.")
    messages.success(request, message % {"label": form.cleaned_data["label"], "examples": examples})
    return True
