"""Forms of an import: the file, and its choices."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.classifications.models import Answer
from webapp.core.messages import in_words
from webapp.imports.choices import Choices, WrongChoice
from webapp.imports.inspect import Look, guess_answers
from webapp.imports.record import METADATA, SUBJECT
from webapp.imports.uploads import SUFFIXES
from webapp.workflows.models import Workflow

MEANINGS = [*((answer.value, answer.label) for answer in Answer), ("", _("leave out"))]
LABELS_SHOWN = 60


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "A classification export of Panoptes (CSV), a list of votes with the columns classification_id, user_name, "
            "subject_ids and an answer (CSV), or an export of Label Studio (JSON)."
        ),
        widget=forms.ClearableFileInput({"accept": ",".join(SUFFIXES)}),
    )


class ChoicesForm(forms.Form):
    """How the file is meant, with what was guessed from its first rows already chosen."""

    source = forms.CharField(
        max_length=100,
        label=_("Where it comes from"),
        help_text=_("An answer is known again by this and its id, so give files of one origin the same name."),
    )
    match = forms.ChoiceField(label=_("What tells a subject"))
    task = forms.ChoiceField(label=_("Answers"))
    follow_up_task = forms.ChoiceField(label=_("What else it is"), required=False)
    lines_task = forms.ChoiceField(label=_("Lines"), required=False)

    def __init__(self, seen: Look, workflow: Workflow, *args: Any, task: str = "", **kwargs: Any) -> None:
        guessed = seen.guess(workflow)
        chosen = task if task in seen.labels else guessed.task
        kwargs["initial"] = vars(guessed) | {"task": chosen}
        super().__init__(*args, **kwargs)
        tasks = [(name, _titled(name, labels)) for name, labels in seen.labels.items()]
        none = [("", _("none"))]
        lines = [(name, f"{name}: {number:,}") for name, number in seen.lines.items()]
        self._offer("match", [(key, _key(key, *found)) for key, found in _by_matches(seen)])
        self._offer("task", tasks)
        self._offer("follow_up_task", none + tasks)
        self._offer("lines_task", none + lines)
        if not workflow.line_marking or not lines:
            del self.fields["lines_task"]
        sent = self.data.get("task", "")
        said = seen.labels[sent if sent in seen.labels else chosen]
        self.labels = [label for label, _number in said.most_common(LABELS_SHOWN)]
        self._ask_meanings(said, guess_answers(self.labels, workflow))

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared so above
        field.choices = choices

    def _ask_meanings(self, said: Mapping[str, int], guessed: Mapping[str, str]) -> None:
        for place, label in enumerate(self.labels):
            self.fields[f"label_{place}"] = forms.ChoiceField(
                choices=MEANINGS, required=False, label=f"{label} ({said[label]:,})", initial=guessed[label]
            )

    def meanings(self) -> Iterator[forms.BoundField]:
        return (self[f"label_{place}"] for place in range(len(self.labels)))

    def choices(self) -> Choices | None:
        """Return what was said; None where the form says what is wrong with it."""
        if not self.is_valid():
            return None
        said = self.cleaned_data
        answers = {label: said[f"label_{place}"] for place, label in enumerate(self.labels)}
        parts = {name: said.get(name, "") for name in ("source", "match", "task", "follow_up_task", "lines_task")}
        try:
            return Choices(**parts, answers=answers)
        except WrongChoice as error:
            self.add_error(None, in_words(str(error)))
            return None


def _by_matches(seen: Look) -> list[tuple[str, tuple[int, int]]]:
    found = seen.keys or {SUBJECT: (0, 0)}
    return sorted(found.items(), key=lambda item: -item[1][0])


def _key(key: str, known: int, different: int) -> str:
    named = _("the file's own number of it") if key == SUBJECT else key.removeprefix(METADATA)
    return _("%(key)s: %(known)s of %(different)s are subjects here") % {
        "key": named, "known": f"{known:,}", "different": f"{different:,}"
    }  # fmt: skip


def _titled(task: str, labels: Mapping[str, int]) -> str:
    shown = ", ".join(list(labels)[:3])
    return f"{task}: {shown}{', …' if len(labels) > 3 else ''}"
