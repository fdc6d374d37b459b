"""Forms of an import: the file, and what its columns and labels mean."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.io.message import message_of
from webapp.classifications.presentation import PRESENTATIONS
from webapp.core.stored_messages import in_words
from webapp.imports.foreign_record import METADATA, SUBJECT
from webapp.imports.inspect import LONGEST_SOURCE, Inspection, guess_answers
from webapp.imports.mapping import Choices, WrongChoice
from webapp.imports.run_import import SUFFIXES
from webapp.workflows.models import Workflow

MEANINGS = [*((answer.value, shown.button) for answer, shown in PRESENTATIONS.items()), ("", gettext_lazy("skip"))]
LABELS_SHOWN = 60


class UploadForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A Panoptes classification export (CSV), a list of classifications with the columns "
            "classification_id, user_name, subject_ids (the survey's external ids) and an answer (CSV), or a "
            "Label Studio export (JSON)."
        ),
        widget=forms.ClearableFileInput({"accept": ",".join(SUFFIXES)}),
    )


class ChoicesForm(forms.Form):
    """The mapping of a file, preselected from its first rows."""

    source = forms.CharField(
        max_length=LONGEST_SOURCE,
        label=gettext_lazy("Source"),
        help_text=gettext_lazy(
            "Identifies classifications together with their ids. Use the same name for all files from one source."
        ),
    )
    match = forms.ChoiceField(label=gettext_lazy("Match subjects by"))
    task = forms.ChoiceField(label=gettext_lazy("Answer task"))
    follow_up_task = forms.ChoiceField(label=gettext_lazy("Follow-up task"), required=False)
    lines_task = forms.ChoiceField(label=gettext_lazy("Lines"), required=False)

    def __init__(self, inspected: Inspection, workflow: Workflow, *args: Any, task: str = "", **kwargs: Any) -> None:
        guessed = inspected.guess(workflow)
        chosen = task if task in inspected.labels else guessed.task
        kwargs["initial"] = vars(guessed) | {"task": chosen}
        super().__init__(*args, **kwargs)
        tasks = [(name, _titled(name, labels)) for name, labels in inspected.labels.items()]
        none = [("", gettext_lazy("none"))]
        lines = [(name, f"{name}: {number:,}") for name, number in inspected.lines.items()]
        self._offer("match", [(key, _key(key, *counts)) for key, counts in _by_matches(inspected)])
        self._offer("task", tasks)
        self._offer("follow_up_task", none + tasks)
        self._offer("lines_task", none + lines)
        if not workflow.line_marking or not lines:
            del self.fields["lines_task"]
        sent = self.data.get("task", "")
        label_counts = inspected.labels[sent if sent in inspected.labels else chosen]
        self.labels = [label for label, _number in label_counts.most_common(LABELS_SHOWN)]
        self._ask_meanings(label_counts, guess_answers(self.labels, workflow))

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _ask_meanings(self, labels: Mapping[str, int], guessed: Mapping[str, str]) -> None:
        for place, label in enumerate(self.labels):
            self.fields[f"label_{place}"] = forms.ChoiceField(
                choices=MEANINGS, required=False, label=f"{label} ({labels[label]:,})", initial=guessed[label]
            )

    def meanings(self) -> Iterator[forms.BoundField]:
        return (self[f"label_{place}"] for place in range(len(self.labels)))

    def as_shown(self) -> dict[str, Any]:
        """Return what the page would send if nobody changed a field."""
        return {field.name: field.value() for field in self}

    def choices(self) -> Choices | None:
        """Return the choices; None if the form has errors."""
        if not self.is_valid():
            return None
        cleaned = self.cleaned_data
        answers = {label: cleaned[f"label_{place}"] for place, label in enumerate(self.labels)}
        parts = {name: cleaned.get(name, "") for name in ("source", "match", "task", "follow_up_task", "lines_task")}
        try:
            return Choices(**parts, answers=answers)
        except WrongChoice as error:
            self.add_error(None, in_words(message_of(error)))
            return None


def _by_matches(inspected: Inspection) -> list[tuple[str, tuple[int, int]]]:
    keys = inspected.keys or {SUBJECT: (0, 0)}
    return sorted(keys.items(), key=lambda item: -item[1][0])


def _key(key: str, known: int, different: int) -> str:
    named = _("subject_ids") if key == SUBJECT else key.removeprefix(METADATA)
    return _("%(key)s: %(known)s of %(different)s matched") % {
        "key": named, "known": f"{known:,}", "different": f"{different:,}"
    }  # fmt: skip


def _titled(task: str, labels: Mapping[str, int]) -> str:
    titles = ", ".join(list(labels)[:3])
    return f"{task}: {titles}{', …' if len(labels) > 3 else ''}"
