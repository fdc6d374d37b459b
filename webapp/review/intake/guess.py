"""What labels of others probably mean, for a scientist to confirm."""

import re
from collections.abc import Iterable, Mapping

from webapp.volunteers.models import Answer, Workflow

WORDS = {
    Answer.UNSURE: {"unsure", "sure", "maybe", "unclear", "uncertain", "know", "tell", "perhaps"},
    Answer.YES: {"yes", "y", "true", "real", "1"},
    Answer.NO: {"no", "n", "false", "bogus", "none", "nothing", "nothinghere", "0", "not"},
}
NOTHING = {"nothing", "nothinghere", "none"}
A_FEW = 3


def guess_answers(labels: Iterable[str], workflow: Workflow | None = None) -> dict[str, str]:
    """Return by label yes, no or unsure, and an empty string where nothing suggests one.

    In a list of what may be seen, with a label for nothing, every other label is a yes.
    """
    said = dict.fromkeys(labels)
    known = _classes(workflow) if workflow else {}
    guessed = {label: known.get(label.casefold()) or _by_words(label) for label in said}
    if len(guessed) > A_FEW and any(set(_words(label)) & NOTHING for label in guessed):
        guessed = {label: answer or Answer.YES.value for label, answer in guessed.items()}
    return guessed


def _by_words(label: str) -> str:
    words = set(_words(label))
    return next((answer.value for answer, signs in WORDS.items() if words & signs), "")


def _words(label: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", label.casefold())


def _classes(workflow: Workflow) -> Mapping[str, str]:
    """Return what the survey's own classes and the workflow's follow-ups mean."""
    survey = workflow.survey
    meant = {label: answer for answer, labels in workflow.follow_ups.items() for label in labels}
    meant |= {label: "yes" if label in survey.positive else "no" for label in survey.classes}
    return {label.casefold(): answer for label, answer in meant.items()}
