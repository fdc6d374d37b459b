from collections import Counter
from typing import Any, cast

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Kind, SubjectSet, Survey
from webapp.archive.set_sizes import set_sizes
from webapp.consensus import rule_fields
from webapp.consensus.workflow_settings import WorkflowSettings
from webapp.volunteers.models import Answer, Method, Workflow
from webapp.volunteers.training_schedule import as_text, from_text

FOLLOW_UPS = "follow_ups_"
METHODS = [
    (Method.SWAP_TWO_COIN.value, "SWAP, with one skill at yes and one at no"),
    (Method.SWAP_ONE_COIN.value, "SWAP, with one skill for both"),
    (Method.MAJORITY.value, "Majority"),
]
SHARES = ("prior", "majority", "yes_above", "no_below", "random_fraction", "skill_wanted", *rule_fields.SHARES)


class Sets(forms.ModelMultipleChoiceField):
    """Names each subject set with its size."""

    widget = forms.CheckboxSelectMultiple
    sizes: dict[int, dict[str, int]]

    def label_from_instance(self, obj: Any) -> str:
        sizes = self.sizes.get(obj.pk)
        if not sizes:
            return f"{obj.name} (empty)"
        counted = (f"{intcomma(size)} {kind}{'s' if size > 1 else ''}" for kind, size in sizes.items())
        return f"{obj.name} ({', '.join(counted)})"


class ScheduleField(forms.CharField):
    """How large a share trains, as people write it."""

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else as_text(value)

    def to_python(self, value: Any) -> Any:
        return from_text(text) if (text := super().to_python(value)) else text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != data


class WorkflowForm(forms.ModelForm):
    """What an admin may change about a workflow."""

    subject_sets = Sets(
        queryset=SubjectSet.objects.none(),
        required=False,
        help_text="Subjects of this workflow's kind join its queue, now and whenever more are ingested. Those of a set "
        "that you take away leave it, unless somebody has begun with them.",
    )

    method = forms.ChoiceField(
        choices=METHODS,
        initial=Method.SWAP_TWO_COIN,
        help_text="SWAP weighs each vote by how its giver answers subjects whose class is known; a majority counts all "
        "votes alike.",
    )

    training_schedule = ScheduleField(
        label=_("Share of subjects whose class is known"),
        max_length=200,
        help_text=_(
            "Such as: 0.4 until 20, 0.3 until 40, 0.2 until 60, then 0.1. So newcomers get four training "
            "subjects in ten until they have seen 20. They train volunteers and measure their skill; 0 for none."
        ),
    )

    class Meta:
        model = Workflow
        fields: tuple[str, ...] = (
            "name", "question", "help_text", "line_marking", "is_active", "grace", "method", "prior", "min_votes",
            "max_votes", "majority", "yes_above", "no_below", *rule_fields.FIELDS, "random_fraction",
            "training_schedule", "is_training", "level", "skill_wanted", "shows_score",
            "retrain_after",
        )  # fmt: skip
        labels = {
            **rule_fields.LABELS,
            "help_text": "Help",
            "line_marking": _("Volunteers can mark trails with lines"),
            "is_active": "Volunteers can answer it now",
            "grace": "Time to undo (seconds)",
            "prior": "Share of yes that is expected",
            "min_votes": "Fewest votes",
            "max_votes": "Most votes",
            "majority": "Share of votes that settles",
            "yes_above": "Yes from a probability of",
            "no_below": "No up to a probability of",
            "random_fraction": "Share drawn at random",
            "is_training": _("It only trains: every subject is one whose class is known"),
            "level": _("Level"),
            "skill_wanted": _("Skill that unlocks it"),
            "shows_score": "Tell volunteers what the model thinks, after their answer",
            "retrain_after": "New labels that start a training run",
        }
        help_texts = {
            **rule_fields.HELP_TEXTS,
            "question": "Answered with yes, no or unsure, such as: Is this a real moving object?",
            "help_text": "What a volunteer reads under the question mark. An empty line begins a paragraph.",
            "line_marking": _("Each line is stored with the answer: in pixels and, by the frame's WCS, on the sky."),
            "grace": "",
            "prior": "Between 0 and 1; what a subject without votes is believed to be.",
            "min_votes": "No subject is settled before.",
            "max_votes": "Then a subject is retired, settled or not.",
            "majority": "From 0.5 to 1, of the votes that said yes or no.",
            "yes_above": "Above 0.5; at 0.99, one in a hundred may be wrong.",
            "no_below": "Below 0.5.",
            "random_fraction": "0 to 1. The others come in the order in which the model is unsure of them.",
            "is_training": _(
                "Nothing else is asked. When a volunteer has seen all, the page says what they have learnt."
            ),
            "level": _(
                "1 is open to everybody. From 2 on, volunteers first show their skill in a workflow of the level "
                "below, of this survey."
            ),
            "skill_wanted": _(
                "From level 2 on. How certain it must be, 0 to 1, that a volunteer recognises real movers, and bogus "
                "ones: the lower ends of the two 90 % intervals, from ten answers about each on."
            ),
            "retrain_after": "Leave it empty to start training runs by hand.",
        }
        widgets = {
            "help_text": forms.Textarea({"rows": 4}),
            **{name: forms.NumberInput({"step": "any", "min": 0, "max": 1}) for name in SHARES},
        }

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets = self.fields["subject_sets"]
        assert isinstance(sets, Sets)  # noqa: S101 - tells mypy what the class body says
        sets.sizes = self.sizes = set_sizes(survey)
        sets.queryset = SubjectSet.objects.filter(survey=survey).order_by("name")
        if self.instance.pk:
            self.initial.setdefault("subject_sets", list(self.instance.subject_sets.values_list("pk", flat=True)))
        self._offer_follow_ups(survey)

    def _offer_follow_ups(self, survey: Survey) -> None:
        """Offer after each answer the classes that fit it, and what was offered so far."""
        for answer, names in {**_sides(survey), Answer.UNSURE.value: list(survey.classes)}.items():
            chosen = self.instance.follow_ups.get(answer, [])
            offered = [name for name in survey.classes if name in names or name in chosen]
            offered += [name for name in chosen if name not in offered]
            if offered:
                self.fields[FOLLOW_UPS + answer] = forms.MultipleChoiceField(
                    required=False,
                    label=f"After {answer}",
                    choices=[(name, name) for name in offered],
                    initial=chosen,
                    widget=forms.CheckboxSelectMultiple,
                )

    def follow_up_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(FOLLOW_UPS)]

    def settings(self) -> WorkflowSettings:
        """Return what was said, but for the subject sets."""
        said = {name: self.cleaned_data[name] for name in WorkflowForm.Meta.fields}
        follow_ups = {answer.value: self.cleaned_data.get(FOLLOW_UPS + answer, []) for answer in Answer}
        said["follow_ups"] = {answer: names for answer, names in follow_ups.items() if names}
        return cast(WorkflowSettings, said)

    def refuse(self, error: ValidationError) -> None:
        """Show errors at their fields; what concerns no field of the form stands above it."""
        for field, messages in error.message_dict.items():
            self.add_error(field if field in self.fields else None, messages)


class NewWorkflowForm(WorkflowForm):
    """A new workflow: about the kind that the survey has most of, and with its classes as follow-ups."""

    kind = forms.ChoiceField(
        choices=Kind.choices,
        label="Asked about",
        help_text="It cannot be changed later. Models learn from stamps and tracklets.",
    )

    class Meta(WorkflowForm.Meta):
        fields = ("name", "slug", "kind", *WorkflowForm.Meta.fields[1:])
        labels = {**WorkflowForm.Meta.labels, "slug": "Name in addresses"}
        help_texts = {
            **WorkflowForm.Meta.help_texts,
            "slug": "Letters, digits and hyphens. It cannot be changed later: volunteers' links use it.",
        }
        error_messages = {"slug": {"unique": "Another workflow has this name in addresses. Choose another."}}

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(survey, *args, instance=Workflow(survey=survey, follow_ups=_telling(survey)), **kwargs)
        kinds: Counter[str] = Counter()
        for each in self.sizes.values():
            kinds.update(each)
        self.initial["kind"] = max(kinds, key=kinds.__getitem__, default=Kind.STAMP)


def _sides(survey: Survey) -> dict[str, list[str]]:
    negative = [name for name in survey.classes if name not in survey.positive]
    return {Answer.YES.value: list(survey.positive), Answer.NO.value: negative}


def _telling(survey: Survey) -> dict[str, list[str]]:
    """Return the classes by answer where they tell more than the answer itself."""
    return {answer: names for answer, names in _sides(survey).items() if len(names) > 1}
