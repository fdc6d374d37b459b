"""Workflows: a question, its subject sets, and its rules."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _

from ml.crowd.answer import Answer
from ml.crowd.retirement import ACCEPT, MAX_VOTES, MIN_VOTES, REJECT
from webapp.archive.models import Kind, SubjectSet, Survey
from webapp.workflows.gold_schedule import check_schedule, usual_schedule

FLAG = "flag"
"""The follow-up for a broken picture."""

PROBABILITY = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class Method(models.TextChoices):
    MAJORITY = "majority"
    SWAP_ONE_COIN = "swap-one-coin"
    SWAP_TWO_COIN = "swap-two-coin"


class Acquisition(models.TextChoices):
    """Which subjects a model asks about first; `webapp.learning.acquisition` says how."""

    DIVERSE = "diverse"
    UNCERTAIN = "uncertain"
    MARGIN = "margin"
    VOTE = "vote"
    ERRORS = "errors"
    NIGHTLY = "nightly"
    DISAGREEMENT = "disagree"


RULES = (
    "method", "prior", "min_votes", "max_votes", "majority", "accept_threshold", "reject_threshold",
    "agreement", "agreement_votes", "empty_after_no_votes", "undecided_share", "undecided_votes", "flags",
)  # fmt: skip
"""The settings that consensus and retirement depend on."""


class Workflow(models.Model):
    """A question for volunteers about subjects, and its retirement rules."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="workflows")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    question = models.CharField(max_length=200)
    help_text = models.TextField(blank=True)
    follow_ups = models.JSONField(default=dict, blank=True, help_text='{"no": ["CR", …], "yes": ["AST", …]}')
    follow_up_first = models.BooleanField(default=False, help_text="ask the follow-up before the next subject")
    line_marking = models.BooleanField(default=False, help_text="volunteers mark trails with lines")
    subject_sets = models.ManyToManyField(SubjectSet, related_name="workflows", blank=True)
    is_active = models.BooleanField(default=True)
    undo_seconds = models.PositiveIntegerField(
        default=30,
        help_text="seconds in which an answer may be undone",
    )

    method = models.CharField(max_length=20, choices=Method, default=Method.SWAP_TWO_COIN)
    prior = models.FloatField(default=0.5, validators=PROBABILITY, help_text="share of yes that is expected")
    min_votes = models.PositiveSmallIntegerField(default=MIN_VOTES, help_text="no retirement before this many")
    max_votes = models.PositiveSmallIntegerField(default=MAX_VOTES, help_text="retired at this many, settled or not")
    majority = models.FloatField(default=0.8, validators=PROBABILITY, help_text="fraction of the votes that retires")
    accept_threshold = models.FloatField(default=ACCEPT, validators=PROBABILITY)
    reject_threshold = models.FloatField(default=REJECT, validators=PROBABILITY)

    agreement = models.FloatField(
        null=True,
        blank=True,
        validators=PROBABILITY,
        help_text="fraction of yes and no votes in agreement that also retires",
    )
    agreement_votes = models.PositiveSmallIntegerField(default=5, help_text="minimum of yes and no votes for that")
    empty_after_no_votes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="number of first votes that, all no, retire as nothing here"
    )
    undecided_share = models.FloatField(
        null=True, blank=True, validators=PROBABILITY, help_text="fraction of unsure votes from which experts look"
    )
    undecided_votes = models.PositiveSmallIntegerField(default=5, help_text="minimum votes for that")
    flags = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="number of people who report a broken picture that retires it as flagged"
    )

    random_fraction = models.FloatField(default=0.2, validators=PROBABILITY, help_text="share drawn at random")
    acquisition = models.CharField(
        max_length=10, choices=Acquisition, default=Acquisition.DIVERSE, help_text="which of the others come first"
    )
    positive_fraction = models.FloatField(
        default=0.1, validators=PROBABILITY, help_text="share of these that are the model's likeliest yes"
    )
    rare_fraction = models.FloatField(
        default=0.0, validators=PROBABILITY, help_text="share of these that are of the classes with the fewest labels"
    )
    training_schedule = models.JSONField(
        default=usual_schedule, validators=[check_schedule], help_text="[[seen from, share of training subjects], …]"
    )
    is_training = models.BooleanField(default=False, help_text="serves training subjects only")
    level = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="above 1, skill in the level below unlocks it"
    )
    required_skill = models.FloatField(
        default=0.8, validators=PROBABILITY, help_text="certain sensitivity and specificity that unlock it"
    )
    known_objects_are_gold = models.BooleanField(
        default=False, help_text="a subject on a known object's orbit becomes gold"
    )
    reveal_model_score = models.BooleanField(default=False, help_text="tell what the model thinks, after the answer")
    is_experiment = models.BooleanField(
        default=False, db_default=False, help_text="only a new model reorders its queue, never the votes before that"
    )
    min_new_labels = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="new labels that start a training run"
    )
    retrain_days = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="days after the last run, for the next"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(min_votes__lte=models.F("max_votes")), name="min_votes_within_max"
            ),
            models.CheckConstraint(
                condition=models.Q(reject_threshold__lt=models.F("accept_threshold")), name="reject_below_accept"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def trains_itself(self) -> bool:
        """Whether the schedule starts training runs, not only people."""
        return self.min_new_labels is not None or self.retrain_days is not None

    def offered(self, answer: str) -> list[str]:
        """Return the follow-ups offered after an answer; `FLAG` last, if flags retire."""
        return [*self.follow_ups.get(answer, []), *([FLAG] if self.flags else [])]

    def clean(self) -> None:
        """Validate the rules against each other; raises ValidationError by field, with what to do."""
        wrong: dict[str, str] = {}
        if set(self.follow_ups) - set(Answer):
            wrong["follow_ups"] = _("Follow-ups belong to the answers: %(answers)s.") % {"answers": ", ".join(Answer)}
        if self._state.adding and self.slug == "new":
            wrong["slug"] = _("“new” is reserved. Choose another URL slug.")
        wrong |= self._wrong_rules()
        if wrong:
            raise ValidationError(wrong)

    def _wrong_rules(self) -> dict[str, str]:
        rules = {
            "prior": (0 < self.prior < 1, _("Choose a prior between 0 and 1. At 0 or 1, votes would have no effect.")),
            "min_votes": (self.min_votes >= 1, _("At least one vote is needed.")),
            "max_votes": (self.max_votes >= self.min_votes, _("Maximum votes must be at least minimum votes.")),
            "majority": (0.5 <= self.majority <= 1, _("Choose a fraction from 0.5 to 1.")),
            "accept_threshold": (
                0.5 < self.accept_threshold <= 1,
                _("Choose more than 0.5."),
            ),
            "agreement": (
                self.agreement is None or 0.5 < self.agreement <= 1,
                _("Choose a fraction above 0.5, up to 1."),
            ),
            "agreement_votes": (self.agreement_votes >= 1, _("An agreement needs at least one vote.")),
            "empty_after_no_votes": (
                self.empty_after_no_votes is None or 1 <= self.empty_after_no_votes <= self.max_votes,
                _("Choose a number from 1 to the maximum votes."),
            ),
            "undecided_share": (
                self.undecided_share is None or 0 < self.undecided_share <= 1,
                _("Choose a fraction above 0, up to 1. At 0, every subject would go to experts."),
            ),
            "undecided_votes": (self.undecided_votes >= 1, _("A fraction needs at least one vote.")),
            "flags": (self.flags is None or self.flags >= 1, _("Choose 1 or more.")),
            "reject_threshold": (
                0 <= self.reject_threshold < 0.5,
                _("Choose less than 0.5."),
            ),
        }
        return {field: message for field, (is_right, message) in rules.items() if not is_right}
