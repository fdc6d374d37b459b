"""Forms of a workflow's settings."""

from collections import Counter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ml.crowd.answer import Answer
from webapp.archive.models import Kind, SubjectSet, Survey
from webapp.archive.survey_settings import set_sizes
from webapp.classifications.presentation import PRESENTATIONS
from webapp.workflow_settings.schedule_field import ScheduleField
from webapp.workflow_settings.subject_sets_field import SubjectSetsField
from webapp.workflows.models import Acquisition, Method, Workflow

RULES = ("agreement", "agreement_votes", "empty_after_no_votes", "undecided_share", "undecided_votes", "flags")
RULE_FRACTIONS = ("agreement", "undecided_share")
RULE_LABELS = {
    "agreement": _("Agreement"),
    "agreement_votes": _("minimum votes for it"),
    "empty_after_no_votes": _("“Nothing here” after this many no votes"),
    "undecided_share": _("Send to experts above this fraction of undecided votes"),
    "undecided_votes": _("minimum votes for it"),
    "flags": _("Reports of a broken picture"),
}
RULE_HELP_TEXTS = {
    "agreement": _("Of yes/no votes, such as 0.9. Leave empty to turn off."),
    "agreement_votes": "",
    "empty_after_no_votes": _("When the first votes are all no. Leave empty to turn off."),
    "undecided_share": _(
        "Such as 0.5. Scientists find these subjects in the consensus browser. Leave empty to turn off."
    ),
    "undecided_votes": "",
    "flags": _("Offers “The picture is broken” after each answer. Leave empty to turn off."),
}


FOLLOW_UPS = "follow_ups_"
METHODS = [
    (Method.SWAP_TWO_COIN.value, _("SWAP (separate sensitivity and specificity)")),
    (Method.SWAP_ONE_COIN.value, _("SWAP (one accuracy for both)")),
    (Method.MAJORITY.value, _("Majority")),
]
ACQUISITIONS = [
    (Acquisition.DIVERSE.value, _("Uncertain, and unlike each other")),
    (Acquisition.UNCERTAIN.value, _("Most uncertain first")),
    (Acquisition.MARGIN.value, _("Smallest margin between yes and no, and unlike each other")),
    (Acquisition.VOTE.value, _("Where one more vote tells most")),
    (Acquisition.ERRORS.value, _("Where one more vote corrects most")),
    (Acquisition.NIGHTLY.value, _("Uncertain, and unlike each other within each night")),
    (Acquisition.DISAGREEMENT.value, _("Where five small models disagree")),
]
FRACTIONS = (
    "prior",
    "majority",
    "accept_threshold",
    "reject_threshold",
    "random_fraction",
    "positive_fraction",
    "rare_fraction",
    "required_skill",
    *RULE_FRACTIONS,
)


class WorkflowForm(forms.ModelForm):
    """The settings of a workflow that an admin can change."""

    subject_sets = SubjectSetsField(
        queryset=SubjectSet.objects.none(),
        required=False,
        label=_("Subject sets"),
        help_text=_(
            "Subjects of this kind in these sets join the queue, now and as more are ingested. If you "
            "remove a set, its subjects leave the queue except those someone has started on."
        ),
    )

    method = forms.ChoiceField(
        label=_("Method"),
        choices=METHODS,
        initial=Method.SWAP_TWO_COIN,
        help_text=_(
            "SWAP weights each vote by the volunteer's skill on gold subjects. Majority counts all votes equally."
        ),
    )

    acquisition = forms.ChoiceField(
        label=_("Order of the other subjects"),
        choices=ACQUISITIONS,
        initial=Acquisition.DIVERSE,
        help_text=_(
            "What the model asks about first. All but “most uncertain first” also avoid near-duplicates and several "
            "pictures of one object. Each of the five small models learns from another random sample of the labels."
        ),
    )

    training_schedule = ScheduleField(
        label=_("Training fraction"),
        help_text=_(
            "Gold subjects train volunteers and measure their skill. Example: 0.4 until 20 in the "
            "first row serves four gold subjects in ten until a volunteer has seen 20. The last row "
            "has no end. 0 means none; empty rows are ignored."
        ),
    )

    class Meta:
        model = Workflow
        fields: tuple[str, ...] = (
            "name", "question", "help_text", "follow_up_first", "line_marking", "is_active", "undo_seconds", "method",
            "prior", "min_votes", "max_votes", "majority", "accept_threshold", "reject_threshold", *RULES,
            "random_fraction", "acquisition", "positive_fraction", "rare_fraction", "training_schedule", "is_training",
            "level", "required_skill",
            "known_objects_are_gold", "reveal_model_score", "is_experiment", "min_new_labels",
            "retrain_days",
        )  # fmt: skip
        labels = {
            **RULE_LABELS,
            "name": _("Name"),
            "question": _("Question"),
            "help_text": _("Help"),
            "follow_up_first": _("Ask the follow-up before the next subject"),
            "line_marking": _("Volunteers can draw lines on trails"),
            "is_active": _("Open to volunteers"),
            "undo_seconds": _("Undo time (seconds)"),
            "prior": _("Prior"),
            "min_votes": _("Minimum votes"),
            "max_votes": _("Maximum votes"),
            "majority": _("Majority threshold"),
            "accept_threshold": _("Accept threshold (yes)"),
            "reject_threshold": _("Reject threshold (no)"),
            "random_fraction": _("Random fraction"),
            "positive_fraction": _("Fraction of likely movers"),
            "rare_fraction": _("Fraction of rare classes"),
            "is_training": _("Training only: gold subjects only"),
            "level": _("Level"),
            "required_skill": _("Required skill"),
            "known_objects_are_gold": _("Known objects are gold"),
            "reveal_model_score": _("Show the model's score after each answer"),
            "is_experiment": _("Experiment: votes do not reorder the queue, only a new model does"),
            "min_new_labels": _("New labels that start a training run"),
            "retrain_days": _("Days after the last training run that start the next"),
        }
        help_texts = {
            **RULE_HELP_TEXTS,
            "question": _("A yes/no question, such as: Is this a real moving object?"),
            "help_text": _("Shown to volunteers under the ? button. Leave an empty line between paragraphs."),
            "follow_up_first": _("Otherwise volunteers can pick one while they look at the next subject."),
            "line_marking": _(
                "Lines are stored with the answer, in pixels and, via the frame's WCS, in sky coordinates."
            ),
            "undo_seconds": "",
            "prior": _("Between 0 and 1: the posterior of a subject without votes."),
            "min_votes": _("Of yes and no. No subject retires by consensus before this."),
            "max_votes": _("The subject then retires, with or without consensus."),
            "majority": _("From 0.5 to 1, of the votes that said yes or no."),
            "accept_threshold": _(
                "Above 0.5. At 0.99, at most one in a hundred is wrong if posteriors are calibrated; see Calibration."
            ),
            "reject_threshold": _("Below 0.5."),
            "random_fraction": _("0 to 1. A model chooses the rest."),
            "positive_fraction": _(
                "0 to 1, of those that the model chooses: subjects that it thinks are movers. Finds rare movers "
                "sooner; the model learns less from them."
            ),
            "rare_fraction": _(
                "0 to 1, of those that the model chooses: subjects that it thinks are of the classes with the fewest "
                "labels."
            ),
            "is_training": _("Newcomers are offered to practise here first. At the end, volunteers see their skill."),
            "level": _(
                "Level 1 is open to everyone. From level 2, volunteers must first show skill in a workflow "
                "one level below in this survey."
            ),
            "required_skill": _(
                "From level 2. Minimum lower bound (0 to 1) of the 90% intervals of sensitivity and "
                "specificity, after ten answers on each class."
            ),
            "known_objects_are_gold": _(
                "A subject within 2″ of a known object becomes gold “yes” if the orbit is well known, and magnitude and"
                " rate agree."
            ),
            "reveal_model_score": "",
            "is_experiment": _(
                "To compare ways of asking in rounds. Otherwise votes reorder it too: 500 of them, or any after ten"
                " minutes."
            ),
            "min_new_labels": _("Leave both fields empty to start training runs manually."),
            "retrain_days": _("If at least one label is new."),
        }
        widgets = {
            "help_text": forms.Textarea({"rows": 4}),
            **{name: forms.NumberInput({"step": "any", "min": 0, "max": 1}) for name in FRACTIONS},
        }

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets: Any = self.fields["subject_sets"]
        sets.sizes = self.sizes = set_sizes(survey)
        sets.queryset = SubjectSet.objects.filter(survey=survey).order_by("name")
        if self.instance.pk:
            self.initial.setdefault("subject_sets", list(self.instance.subject_sets.values_list("pk", flat=True)))
        self._offer_follow_ups(survey)

    def _offer_follow_ups(self, survey: Survey) -> None:
        """Offer the matching classes after each answer, and those offered so far."""
        for answer, names in _fitting(survey).items():
            chosen = self.instance.follow_ups.get(answer, [])
            offered = [name for name in survey.classes if name in names or name in chosen]
            offered += [name for name in chosen if name not in offered]
            if offered:
                self.fields[FOLLOW_UPS + answer] = forms.MultipleChoiceField(
                    required=False,
                    label=str(PRESENTATIONS[Answer(answer)].after),
                    choices=[(name, name) for name in offered],
                    initial=chosen,
                    widget=forms.CheckboxSelectMultiple,
                )

    def follow_up_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(FOLLOW_UPS)]

    def settings(self) -> dict[str, Any]:
        """Return the settings, without the subject sets."""
        values = {name: self.cleaned_data[name] for name in WorkflowForm.Meta.fields}
        follow_ups = {answer.value: self.cleaned_data.get(FOLLOW_UPS + answer, []) for answer in Answer}
        values["follow_ups"] = {answer: names for answer, names in follow_ups.items() if names}
        return values

    def refuse(self, error: ValidationError) -> None:
        """Show errors at their fields, or above the form."""
        for field, messages in error.message_dict.items():
            self.add_error(field if field in self.fields else None, messages)


class NewWorkflowForm(WorkflowForm):
    """A new workflow, preset to the survey's most common kind and only subject set, with its classes as follow-ups."""

    kind = forms.ChoiceField(
        choices=Kind.choices,
        label=_("Kind of subject"),
        help_text=_("Can't be changed later."),
    )

    class Meta(WorkflowForm.Meta):
        fields = ("name", "slug", "kind", *WorkflowForm.Meta.fields[1:])
        labels = {**WorkflowForm.Meta.labels, "slug": _("URL slug")}
        help_texts = {
            **WorkflowForm.Meta.help_texts,
            "slug": _("Letters, digits and hyphens. Can't be changed later: volunteers' links use it."),
        }
        error_messages = {
            "slug": {
                "invalid": _("Use only letters, digits and hyphens, without spaces."),
                "unique": _("Another workflow uses this URL slug. Choose another."),
            }
        }
        widgets = {**WorkflowForm.Meta.widgets, "slug": forms.TextInput({"data-slug-of": "name"})}

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(survey, *args, instance=Workflow(survey=survey, follow_ups=_follow_ups(survey)), **kwargs)
        kinds: Counter[str] = Counter()
        for each in self.sizes.values():
            kinds.update(each)
        self.initial["kind"] = max(kinds, key=kinds.__getitem__, default=Kind.STAMP)
        if len(self.sizes) == 1:
            self.initial["subject_sets"] = list(self.sizes)


def _sides(survey: Survey) -> dict[str, list[str]]:
    negative = [name for name in survey.classes if name not in survey.positive]
    return {Answer.YES.value: list(survey.positive), Answer.NO.value: negative}


def _fitting(survey: Survey) -> dict[str, list[str]]:
    """Return the classes that fit each answer: all of them after one that decides nothing."""
    sides = _sides(survey)
    return {answer.value: sides.get(answer, list(survey.classes)) for answer in Answer}


def _follow_ups(survey: Survey) -> dict[str, list[str]]:
    """Return the classes by answer, if they add information to the answer."""
    return {answer: names for answer, names in _sides(survey).items() if len(names) > 1}
