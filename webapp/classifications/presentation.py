"""How the pages show each of the answers (`ml.crowd.answer`): words, keys, swipes and pictures."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ml.crowd.answer import Answer


@dataclass(frozen=True, slots=True)
class Presentation:
    """One answer as people meet it.

    Attributes
    ----------
    name, button, hint
        Within a sentence, on its button, and in the list of keys.
    said, announced
        What its volunteer reads on a card, and hears right after answering.
    counted
        A number of votes, `%(n)s`.
    after
        The follow-up question that comes after it.
    keys, swipe
        Keys as the browser names them, and the way of the finger.
    icon
        SVG within a view box of 24 by 24.
    words
        Words in the labels of other sites that mean it.
    """

    name: Promise
    button: Promise
    hint: Promise
    said: Promise
    announced: Promise
    counted: Promise
    after: Promise
    keys: tuple[str, ...]
    swipe: str
    icon: str
    words: frozenset[str]


PRESENTATIONS = {
    Answer.YES: Presentation(
        name=_("yes"),
        button=_("Yes"),
        hint=_("Yes"),
        said=_("You said yes"),
        announced=_("Answered yes."),
        counted=_("%(n)s yes"),
        after=_("After yes"),
        keys=("y", "ArrowRight"),
        swipe="right",
        icon='<circle cx="12" cy="12" r="8" />',
        words=frozenset({"yes", "y", "true", "real", "1"}),
    ),
    Answer.NO: Presentation(
        name=_("no"),
        button=_("No"),
        hint=_("No"),
        said=_("You said no"),
        announced=_("Answered no."),
        counted=_("%(n)s no"),
        after=_("After no"),
        keys=("n", "ArrowLeft"),
        swipe="left",
        icon='<path d="M5 5 19 19M19 5 5 19" />',
        words=frozenset({"no", "n", "false", "bogus", "none", "nothing", "nothinghere", "0", "not"}),
    ),
    Answer.UNSURE: Presentation(
        name=_("unsure"),
        button=_("Unsure"),
        hint=_("Unsure (always fine)"),
        said=_("You were unsure"),
        announced=_("Answered unsure."),
        counted=_("%(n)s unsure"),
        after=_("After unsure"),
        keys=("u", "ArrowDown"),
        swipe="down",
        icon='<path d="M3 14c3-7 6-7 9-2s6 5 9-2" />',
        words=frozenset({"unsure", "sure", "maybe", "unclear", "uncertain", "know", "tell", "perhaps"}),
    ),
}

ANSWER_NAMES = format_lazy(", ".join(["{}"] * len(PRESENTATIONS)), *(each.name for each in PRESENTATIONS.values()))


def answer_buttons() -> list[tuple[Answer, Presentation]]:
    """Return the answers from left to right: no, what decides nothing, yes."""
    order = (Answer.NO, *(answer for answer in Answer if not answer.decided), Answer.YES)
    return [(answer, PRESENTATIONS[answer]) for answer in order]
