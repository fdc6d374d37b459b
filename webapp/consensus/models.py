"""Consensus on each subject, volunteers' skills, and the jobs that recompute both."""

from functools import reduce
from math import log
from operator import add
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import BigIntegerField, F, FloatField, Func, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Abs, Cast, Coalesce, Greatest, NullIf
from django.utils.translation import gettext_lazy as _

from ml.crowd.answer import ABSTENTIONS, ANSWERS, CLASSES, Answer
from webapp.archive.models import Subject
from webapp.consensus.aggregation_models import AggregatedPosterior as AggregatedPosterior
from webapp.consensus.aggregation_models import Aggregation as Aggregation
from webapp.core.jobs import Job
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Method, Workflow

NAT = 1_000_000
"""Evidence is kept in whole millionths of a nat."""

PRIOR_VOTES = 2.0
"""Number of votes that the prior counts for in a majority."""

VOTE_COLUMNS = {answer.value: f"votes_{answer}" for answer in Answer}
"""The column that counts the votes for each answer."""

NO_VOTES = dict.fromkeys(VOTE_COLUMNS.values(), 0)

VOTES = reduce(add, map(F, VOTE_COLUMNS.values()))
"""Number of counted votes."""


def _fraction_of_votes(part: F | CombinedExpression | Greatest) -> Coalesce:
    return Coalesce(Cast(part, FloatField()) / NullIf(VOTES, Value(0)), Value(0.0), output_field=FloatField())


AGREEMENT = _fraction_of_votes(Greatest(*VOTE_COLUMNS.values()))
"""The fraction of the most common answer, abstentions among them; 0 where nobody voted."""

UNDECIDED_SHARE = _fraction_of_votes(reduce(add, (F(VOTE_COLUMNS[answer]) for answer in ABSTENTIONS)))
"""The fraction of abstentions, 0 to 1."""

GAP = Abs(F("posterior") - F("p_model"))
"""How far volunteers and champion are apart, 0 to 1; null without a score."""

CHANGE = Abs(F("p_model") - F("p_before"))
"""How far the champion and its predecessor are apart, 0 to 1; null without both scores."""

HAS_CHANGED = Q(p_model__gte=0.5, p_before__lt=0.5) | Q(p_model__lt=0.5, p_before__gte=0.5)
"""Champion and predecessor are on different sides."""

BOTH_SAY_YES = Q(posterior__gte=0.5, p_model__gte=0.5)
"""Volunteers and champion."""

BOTH_ANSWERS = Q(votes_yes__gte=1, votes_no__gte=1)
"""Somebody said yes, and somebody no."""

RANDOM_ORDER = Func(F("subject_id"), Value(0), function="hashint8extended", output_field=BigIntegerField())
"""An order of subjects that is the same for everybody, and has nothing to do with votes and scores."""


class RetiredReason(models.TextChoices):
    """Panoptes' retirement reasons, and what pages call them."""

    CLASSIFICATION_COUNT = "classification_count", _("number of votes")
    CONSENSUS = "consensus", _("consensus")
    FLAGGED = "flagged", _("flagged")
    NOTHING_HERE = "nothing_here", _("nothing here")
    HUMAN = "human", _("scientist’s verdict")
    OTHER = "other", _("sent to experts")


CONFIDENT = 0.9
"""P(yes) or P(no), by the votes alone, from which on an open subject's consensus is a label."""

_CONFIDENT = round(NAT * log(CONFIDENT / (1 - CONFIDENT)))
_DECIDED = reduce(add, (F(VOTE_COLUMNS[answer]) for answer in CLASSES))
_BY_MAJORITY = [
    Q(**{f"{VOTE_COLUMNS[answer]}__gte": CONFIDENT * (_DECIDED + PRIOR_VOTES) - PRIOR_VOTES / 2}) for answer in CLASSES
]
SETTLED_BY_VOTES = (RetiredReason.CONSENSUS, RetiredReason.NOTHING_HERE)
SETTLED = (*SETTLED_BY_VOTES, RetiredReason.HUMAN)
IS_SETTLED = Q(is_retired=True, retired_reason__in=SETTLED)
_BY_EVIDENCE = Q(log_odds_micronats__gte=_CONFIDENT) | Q(log_odds_micronats__lte=-_CONFIDENT)
IS_CONFIDENT = (~Q(method=Method.MAJORITY) & _BY_EVIDENCE) | (
    Q(method=Method.MAJORITY) & (_BY_MAJORITY[0] | _BY_MAJORITY[1])
)
"""Whether the votes alone are sure, without the workflow's prior."""


class ConsensusQuerySet(models.QuerySet["Consensus"]):
    def labels(self, workflow: Workflow) -> Self:
        """Rows of a workflow that models may learn from: settled, or confident by `min_votes` votes that decided.

        At least one vote decided in each; neither a prior nor an abstention is a label.
        """
        found = self.filter(IS_SETTLED | IS_CONFIDENT, workflow=workflow).alias(decided=_DECIDED)
        return found.filter(IS_SETTLED | Q(decided__gte=workflow.min_votes), decided__gte=1)

    def labels_by_fewer_votes(self, workflow: Workflow, earlier: int) -> Self:
        """Rows of `labels` that a larger `min_votes` of earlier would not have let in."""
        return self.labels(workflow).exclude(IS_SETTLED).filter(decided__lt=earlier)

    def settled(self, *, is_real: bool) -> Self:
        """Settled rows that say real, or bogus."""
        return self.filter(IS_SETTLED, **{"posterior__gte" if is_real else "posterior__lt": 0.5})


class Consensus(models.Model):
    """The consensus of the votes on one subject, always recomputable from them."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="consensus", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="consensus")
    votes_yes = models.PositiveIntegerField(default=0)
    votes_no = models.PositiveIntegerField(default=0)
    votes_unsure = models.PositiveIntegerField(default=0)
    follow_ups = models.JSONField(default=dict, help_text="votes by follow-up answer")
    log_odds_micronats = models.BigIntegerField(
        default=0, db_default=0, help_text="of all votes, millionths of a nat for yes"
    )
    posterior = models.FloatField(help_text="probability of yes")
    p_model = models.FloatField(null=True, help_text="the champion's probability of yes")
    p_before = models.FloatField(null=True, help_text="its predecessor's")
    method = models.CharField(max_length=20, choices=Method)
    version = models.PositiveIntegerField(default=1, help_text="counts the updates")
    is_retired = models.BooleanField(default=False)
    retired_reason = models.CharField(max_length=20, choices=RetiredReason, blank=True, default="")
    retired_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConsensusQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "subject"], name="one_consensus_per_subject")]
        indexes = [
            models.Index(
                fields=["workflow", "updated_at"],
                name="consensus_labels",
                condition=Q(is_retired=True) | Q(method=Method.MAJORITY) | _BY_EVIDENCE,
            ),
            models.Index(fields=["workflow", "retired_at"]),
            models.Index(fields=["workflow", "posterior", "id"], name="consensus_by_posterior", include=["subject"]),
            models.Index("workflow", VOTES, "id", name="consensus_by_votes"),
            models.Index("workflow", AGREEMENT, "id", name="consensus_by_agreement"),
            models.Index("workflow", UNDECIDED_SHARE, "id", name="consensus_by_undecided"),
            models.Index("workflow", "updated_at", "id", name="consensus_by_update"),
            models.Index("workflow", "p_model", "id", name="consensus_by_model"),
            models.Index(
                "workflow",
                GAP,
                "id",
                name="consensus_by_gap",
                include=["subject", "posterior", "p_model", *VOTE_COLUMNS.values()],
            ),
            models.Index("workflow", RANDOM_ORDER, "id", name="consensus_at_random"),
            models.Index(
                fields=["workflow", "posterior", "id"],
                name="consensus_agreed",
                condition=BOTH_SAY_YES,
                include=["subject", "p_model", *VOTE_COLUMNS.values(), "updated_at"],
            ),
            models.Index("workflow", AGREEMENT, "id", name="consensus_split", condition=BOTH_ANSWERS),
            models.Index("workflow", CHANGE, "id", name="consensus_changed", condition=HAS_CHANGED),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.posterior:.2f}"

    @property
    def votes(self) -> int:
        return sum(self.votes_by_answer.values())

    @property
    def votes_by_answer(self) -> dict[str, int]:
        return {answer: getattr(self, column) for answer, column in VOTE_COLUMNS.items()}

    @property
    def label(self) -> str:
        """Yes or no, by the votes; empty below the workflow's minimum that decided, unless a rule settled it before.

        Always empty if no vote decided.
        """
        decided = sum(self.votes_by_answer[answer] for answer in CLASSES)
        is_settled = self.is_retired and self.retired_reason in SETTLED_BY_VOTES
        if decided < (1 if is_settled else max(self.workflow.min_votes, 1)):
            return ""
        return "yes" if self.posterior >= 0.5 else "no"


class ConsensusRecompute(Job):
    """A recount of a workflow's votes under its current rules; `done` counts subjects."""

    task: ClassVar[str] = "tasks.recompute.run"
    title = _("Recount of votes")

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="recomputes")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Recompute {self.pk} of {self.workflow}"


def cell_of(truth: str, answer: str) -> str:
    """Return the column that counts an answer to subjects of one true class."""
    return f"true_{truth}_said_{answer}"


CELLS = tuple(cell_of(truth, answer) for truth in ("yes", "no") for answer in Answer)
"""Names of the counts of answers to subjects whose class is known."""


class Skill(models.Model):
    """A volunteer's confusion matrix on gold: one count per true class and answer."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="skills", db_index=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="skills")
    true_yes_said_yes = models.PositiveIntegerField(default=0, db_default=0)
    true_yes_said_no = models.PositiveIntegerField(default=0, db_default=0)
    true_yes_said_unsure = models.PositiveIntegerField(default=0, db_default=0)
    true_no_said_yes = models.PositiveIntegerField(default=0, db_default=0)
    true_no_said_no = models.PositiveIntegerField(default=0, db_default=0)
    true_no_said_unsure = models.PositiveIntegerField(default=0, db_default=0)
    is_trusted = models.BooleanField(default=True, db_default=True, help_text="answers of others weigh nothing")
    revision = models.PositiveIntegerField(default=0, db_default=0, help_text="how often the past was judged anew")
    applied_revision = models.PositiveIntegerField(
        default=0, db_default=0, help_text="how often it had been when their answers were last weighed"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["volunteer", "workflow"], name="one_skill_per_workflow")]
        indexes = [
            models.Index(
                fields=["workflow", "volunteer"],
                name="skills_to_weigh",
                condition=Q(revision__gt=models.F("applied_revision")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.volunteer} in {self.workflow}"

    def counts(self) -> list[list[int]]:
        """Return rows by true class, columns by answer, in the order of `CLASSES` and `ANSWERS`."""
        return [[getattr(self, cell_of(truth, answer)) for answer in ANSWERS] for truth in CLASSES]
