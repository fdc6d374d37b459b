from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from webapp.archive.models import Kind, SubjectSet, Survey

PROBABILITY = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class Method(models.TextChoices):
    MAJORITY = "majority"
    SWAP_ONE_COIN = "swap-one-coin"
    SWAP_TWO_COIN = "swap-two-coin"


class Workflow(models.Model):
    """A question that volunteers answer about subjects, and the rules by which an answer is settled."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="workflows")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    question = models.CharField(max_length=200)
    help_text = models.TextField(blank=True)
    follow_ups = models.JSONField(default=dict, blank=True, help_text='{"no": ["CR", …], "yes": ["AST", …]}')
    subject_sets = models.ManyToManyField(SubjectSet, related_name="workflows", blank=True)
    is_active = models.BooleanField(default=True)
    grace = models.PositiveIntegerField(default=30, help_text="seconds in which an answer may be undone")

    method = models.CharField(max_length=20, choices=Method, default=Method.SWAP_TWO_COIN)
    prior = models.FloatField(default=0.5, validators=PROBABILITY, help_text="share of yes that is expected")
    min_votes = models.PositiveSmallIntegerField(default=3, help_text="no retirement before this many")
    max_votes = models.PositiveSmallIntegerField(default=10, help_text="retired at this many, settled or not")
    majority = models.FloatField(default=0.8, validators=PROBABILITY, help_text="share of votes that settles")
    yes_above = models.FloatField(default=0.99, validators=PROBABILITY)
    no_below = models.FloatField(default=0.01, validators=PROBABILITY)

    random_fraction = models.FloatField(default=0.2, validators=PROBABILITY, help_text="share drawn at random")
    training_rate = models.FloatField(default=0.1, validators=PROBABILITY, help_text="share of gold subjects")
    retrain_after = models.PositiveIntegerField(null=True, blank=True, help_text="new labels that start a training run")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(min_votes__lte=models.F("max_votes")), name="min_votes_within_max"
            ),
            models.CheckConstraint(
                condition=models.Q(no_below__lt=models.F("yes_above")), name="no_below_under_yes_above"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if set(self.follow_ups) - {"yes", "no", "unsure"}:
            raise ValidationError({"follow_ups": "Follow-ups belong to the answers yes, no or unsure."})
