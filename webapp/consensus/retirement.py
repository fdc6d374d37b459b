"""Retirement rules: when a subject needs no more votes; any single rule is enough."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.formats import number_format
from django.utils.translation import ngettext

from ml.crowd.answer import Answer
from ml.crowd.retirement import has_consensus, is_exhausted
from webapp.consensus.models import Consensus, RetiredReason
from webapp.core.percent import with_sign
from webapp.workflows.models import FLAG, Method, Workflow

BY_VOTES = frozenset(RetiredReason) - {RetiredReason.HUMAN}


@dataclass(frozen=True, slots=True)
class Sums:
    """The votes on one subject, or on many: every field a number, or an array of one length."""

    by_answer: Mapping[str, Any]
    posterior: Any = None
    flags: Any = 0

    @property
    def yes(self) -> Any:
        return self.by_answer[Answer.YES]

    @property
    def no(self) -> Any:
        return self.by_answer[Answer.NO]

    @property
    def votes(self) -> Any:
        return sum(self.by_answer.values())

    @property
    def decided(self) -> Any:
        return self.yes + self.no

    @property
    def undecided(self) -> Any:
        return self.votes - self.decided


@dataclass(frozen=True, slots=True)
class Rule:
    """A retirement rule: `holds` tests sums, `describe` words the rule in the reader's language."""

    reason: RetiredReason
    describe: Callable[[], str] = field(repr=False)
    holds: Callable[[Sums], Any] = field(repr=False)


def rules_of(workflow: Workflow) -> list[Rule]:
    """Return the active rules; the first that holds is the reason."""
    rules = (_flagged, _nothing_here, _by_method, _agreement, _undecided, _count)
    return [rule for make in rules if (rule := make(workflow))]


def rules_in_words(workflow: Workflow) -> list[str]:
    return [rule.describe() for rule in rules_of(workflow)]


def reason_to_retire(row: Consensus) -> str:
    """Return the reason why the votes retire a subject, or an empty string."""
    sums = Sums(row.votes_by_answer, row.posterior, row.follow_ups.get(FLAG, 0))
    return next((rule.reason for rule in rules_of(row.workflow) if rule.holds(sums)), "")


def reasons_to_retire(workflow: Workflow, sums: Sums) -> np.ndarray:
    """Return `reason_to_retire` for arrays of sums, shape (n,)."""
    rules = rules_of(workflow)
    return np.select([rule.holds(sums) for rule in rules], [str(rule.reason) for rule in rules], "")


def _percent(fraction: float) -> str:
    return with_sign(number_format(f"{100 * fraction:g}"))


def _by_method(workflow: Workflow) -> Rule:
    """Return the method's own rule; it needs votes that decided, since a prior and abstentions decide nothing."""
    least = max(workflow.min_votes, 1)
    if workflow.method == Method.MAJORITY:
        return _agreed(workflow.majority, least)
    yes, no = workflow.accept_threshold, workflow.reject_threshold

    def describe() -> str:
        return ngettext(
            "Retired by consensus after %(n)d yes/no vote once the posterior is at least %(yes)s or at most %(no)s.",
            "Retired by consensus after %(n)d yes/no votes once the posterior is at least %(yes)s or at most %(no)s.",
            least,
        ) % {"n": least, "yes": number_format(f"{yes:g}"), "no": number_format(f"{no:g}")}

    return Rule(
        RetiredReason.CONSENSUS,
        describe,
        lambda sums: has_consensus(sums.decided, sums.posterior, least, accept=yes, reject=no),
    )


def _agreement(workflow: Workflow) -> Rule | None:
    return None if workflow.agreement is None else _agreed(workflow.agreement, workflow.agreement_votes)


def _agreed(fraction: float, least: int) -> Rule:
    def describe() -> str:
        return ngettext(
            "Retired by consensus when %(share)s of at least %(n)d yes/no vote agree.",
            "Retired by consensus when %(share)s of at least %(n)d yes/no votes agree.",
            least,
        ) % {"share": _percent(fraction), "n": least}

    def holds(sums: Sums) -> Any:
        most = np.maximum(sums.yes, sums.no)
        return (sums.decided >= least) & (sums.yes != sums.no) & (most >= fraction * sums.decided)

    return Rule(RetiredReason.CONSENSUS, describe, holds)


def _nothing_here(workflow: Workflow) -> Rule | None:
    least = workflow.empty_after_no_votes
    if least is None:
        return None

    def describe() -> str:
        return ngettext(
            "Retired as “nothing here” when the first vote is no.",
            "Retired as “nothing here” when the first %(n)d votes are all no.",
            least,
        ) % {"n": least}

    return Rule(RetiredReason.NOTHING_HERE, describe, lambda sums: (sums.no >= least) & (sums.votes == sums.no))


def _undecided(workflow: Workflow) -> Rule | None:
    fraction, least = workflow.undecided_share, workflow.undecided_votes
    if fraction is None:
        return None

    def describe() -> str:
        return ngettext(
            "Sent to experts when %(share)s of at least %(n)d vote are undecided.",
            "Sent to experts when %(share)s of at least %(n)d votes are undecided.",
            least,
        ) % {"share": _percent(fraction), "n": least}

    return Rule(
        RetiredReason.OTHER, describe, lambda sums: (sums.votes >= least) & (sums.undecided >= fraction * sums.votes)
    )


def _flagged(workflow: Workflow) -> Rule | None:
    least = workflow.flags
    if least is None:
        return None

    def describe() -> str:
        return ngettext(
            "Retired as flagged when %(n)d volunteer reports a broken picture.",
            "Retired as flagged when %(n)d volunteers report a broken picture.",
            least,
        ) % {"n": least}

    return Rule(RetiredReason.FLAGGED, describe, lambda sums: sums.flags >= least)


def _count(workflow: Workflow) -> Rule:
    most = workflow.max_votes

    def describe() -> str:
        return ngettext(
            "Retired after %(n)d vote, with or without consensus.",
            "Retired after %(n)d votes, with or without consensus.",
            most,
        ) % {"n": most}

    return Rule(RetiredReason.CLASSIFICATION_COUNT, describe, lambda sums: is_exhausted(sums.votes, most))
