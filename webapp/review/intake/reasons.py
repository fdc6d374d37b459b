"""Why something in a file did not come in."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    UNREADABLE = "unreadable", _("The row cannot be read.")
    NO_ID = "no-id", _("The row has no id of its own, so it could come in twice.")
    NO_USER = "no-user", _("The row does not say who answered.")
    NO_SUBJECT = "no-subject", _("The row does not say what it is about, by what you chose to tell subjects by.")
    SEVERAL_SUBJECTS = "several-subjects", _("The row is about several subjects; an answer here is about one.")
    UNKNOWN_SUBJECT = "unknown-subject", _("The survey has no such subject. Ingest its pictures first.")
    NOT_QUEUED = "not-queued", _("The workflow does not ask about this subject. Add its subject set to the workflow.")
    NO_ANSWER = "no-answer", _("The task that you chose has no answer in this row.")
    UNMAPPED = "unmapped", _("You did not say what this label means here.")
    LEFT_OUT = "left-out", _("You chose to leave this label out.")
    CONTRADICTORY = "contradictory", _("The labels of this row mean different answers here.")
    CANCELLED = "cancelled", _("The annotator skipped it.")
    KNOWN = "known", _("It came in before.")
    ANSWERED = "answered", _("The same person has answered this subject before.")
    FOLLOW_UP = "follow-up", _("The workflow offers no such follow-up; the answer came in without it.")
    LINE = "line", _("The line cannot be held here; the answer came in without it.")
    SHAPE = "shape", _("Marks here are lines, and this is another shape; the answer came in without it.")


ONLY_A_PART = frozenset({Reason.FOLLOW_UP, Reason.LINE, Reason.SHAPE})
"""What is left out is a part of the answer, which came in all the same."""
