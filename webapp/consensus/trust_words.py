"""What a flag says, in the reader's language: the sentences of `ml.crowd.quality.flag`, filled with its numbers."""

from django.utils.formats import localize
from django.utils.translation import gettext_lazy as _

from ml.crowd.quality.flag import CHANCE, CONSTANT, COPY, SPEED
from webapp.consensus.models import TrustFlag

TITLES = {
    SPEED: _("Faster than anybody can look"),
    CONSTANT: _("Always the same answer"),
    CHANCE: _("Right no more often than by chance"),
    COPY: _("A copy of somebody else"),
}
WORDS = {
    SPEED: _("Half of %(n)s answers took less than %(median)s seconds; nobody can look in less than %(limit)s."),
    CONSTANT: _("%(same)s of %(n)s answers are “%(answer)s”; others said so of %(expected)s in 100 of these subjects."),
    CHANCE: _(
        "%(right)s of %(n)s training subjects were answered rightly: %(accuracy)s in 100 (%(low)s to %(high)s), as by a"
        " coin."
    ),
    COPY: _(
        "%(same)s of %(n)s answers are those that another volunteer gave within %(window)s seconds, and %(wrong)s of"
        " them stand against everybody else."
    ),
}
ANSWERS = {"yes": _("yes"), "no": _("no"), "unsure": _("unsure")}


def title_of(flag: TrustFlag) -> str:
    return str(TITLES[flag.kind])


def evidence_of(flag: TrustFlag) -> str:
    """Return the evidence as one sentence."""
    numbers = {name: localize(value) for name, value in flag.numbers.items()}
    if "answer" in numbers:
        numbers["answer"] = str(ANSWERS[numbers["answer"]])
    return str(WORDS[flag.kind]) % numbers
