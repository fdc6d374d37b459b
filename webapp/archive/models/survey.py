"""Surveys and their members' roles."""

from typing import Self

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.crowd.answer import Answer
from ml.sky.motion import FLOOR, SEEING
from ml.sky.observatories import read_observatories, similar_codes

CLASS_NAME_LENGTH = 20
ABOVE_ZERO = MinValueValidator(0.001, gettext_lazy("Enter a number above 0."))
SEEING_PIXELS = 2.5
"""FWHM of a star in pixels, assumed where a survey gives no seeing: most cameras sample it by two or three."""


class Survey(models.Model):
    """A sky survey, the owner of subjects, workflows and models."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    story = models.TextField(blank=True, max_length=20_000, help_text="Markdown, shown on the project page")
    team = models.TextField(blank=True, max_length=20_000, help_text="Markdown: who is behind it")
    faq = models.TextField(blank=True, max_length=20_000, help_text="Markdown: questions and answers")
    language = models.CharField(
        max_length=2, choices=settings.LANGUAGES, default="en", help_text="of its texts; others are translations"
    )
    is_simulated = models.BooleanField(default=False, help_text="Its sky is simulated, and every page says so.")
    classes = models.JSONField(default=list, blank=True, help_text="Fine classes, in the models' order.")
    positive = models.JSONField(default=list, blank=True, help_text="The classes that are real movers.")
    channels = models.JSONField(default=list, blank=True, help_text="What the channels of a frame show.")
    open_metadata = models.JSONField(
        default=list, blank=True, help_text="Metadata that volunteers see before they answer; all others afterwards."
    )
    leaky_columns = models.JSONField(
        default=dict,
        blank=True,
        db_column="telling",
        help_text="Columns that tell the classes apart, with their AUC on gold: kept hidden.",
    )
    pixel_scale = models.FloatField(null=True, blank=True, help_text="arcsec per pixel")
    seeing = models.FloatField(null=True, blank=True, validators=[ABOVE_ZERO], help_text="arcsec, FWHM of a star")
    position_floor = models.FloatField(
        null=True, blank=True, validators=[ABOVE_ZERO], help_text="arcsec, error of a bright object's position"
    )
    observatory = models.CharField(max_length=4, blank=True, help_text="MPC observatory code")
    retrain_on_drift = models.BooleanField(
        default=True, help_text="Start a training run when the champion's scores shift and there are new labels."
    )
    drop_bogus_after = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="days after which the pixels of retired bogus subjects are dropped; null: never",
    )
    keep_bogus = models.PositiveIntegerField(
        default=10_000, help_text="the newest bogus subjects of each workflow, whose pixels stay"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def opens(self, name: str) -> bool:
        """Return whether volunteers see a column before they answer: it is released, and does not tell the classes."""
        return name in self.open_metadata and name not in self.leaky_columns

    def usual_errors(self) -> dict[str, float]:
        """Return `seeing` and `floor`, the least error of a position, arcsec; each assumed if the survey gives none.

        They make errors of positions by `ml.sky.motion.position_errors`, where a detection has none of its own.
        """
        assumed = round(SEEING_PIXELS * self.pixel_scale, 3) if self.pixel_scale else SEEING
        return {"seeing": self.seeing or assumed, "floor": self.position_floor or FLOOR}

    def clean(self) -> None:
        """Validate the classes and what measures positions, as far as this row alone allows.

        Raises ValidationError: by field, each with what to do.
        """
        if self._state.adding and self.slug == "new":
            raise ValidationError({"slug": _("“new” is reserved. Choose another URL slug.")})
        _check_names("classes", self.classes)
        _check_names("channels", self.channels)
        if taken := set(Answer) & {name.lower() for name in self.classes}:
            message = _("“%(name)s” is an answer, not a class. Name what the image shows instead.") % {
                "name": min(taken)
            }
            raise ValidationError({"classes": message})
        if unknown := [name for name in self.positive if name not in self.classes]:
            message = _("“%(name)s” is not in the list of classes. Add it there or remove it here.") % {
                "name": unknown[0]
            }
            raise ValidationError({"positive": message})
        if self.classes and not 0 < len(set(self.positive)) < len(self.classes):
            raise ValidationError(
                {"positive": _("Choose some of the classes, but not all: models need both real and bogus.")}
            )
        if self.observatory and self.observatory not in read_observatories():
            raise ValidationError({"observatory": _unknown_code(self.observatory)})


def _unknown_code(code: str) -> str:
    sentence = _("The Minor Planet Center lists no observatory “%(code)s”.") % {"code": code}
    alike = ", ".join(f"{each.code} ({each.name})" for each in similar_codes(code))
    meant = _("Did you mean one of these? %(codes)s") % {"codes": alike}
    return f"{sentence} {meant}" if alike else sentence


def _check_names(field: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValidationError({field: _("A name appears twice. List each once.")})
    if long := [name for name in names if len(name) > CLASS_NAME_LENGTH]:
        message = _("“%(name)s” is too long: a name has at most %(most)d characters.")
        raise ValidationError({field: message % {"name": long[0], "most": CLASS_NAME_LENGTH}})


class Role(models.TextChoices):
    """A role in a survey; each includes the ones before it."""

    VOLUNTEER = "volunteer", gettext_lazy("Volunteer")
    MODERATOR = "moderator", gettext_lazy("Moderator")
    SCIENTIST = "scientist", gettext_lazy("Scientist")
    ADMIN = "admin", gettext_lazy("Admin")

    @classmethod
    def at_least(cls, role: str) -> list[str]:
        names = [choice.value for choice in cls]
        return names[names.index(role) :]


def lacks_second_factor(user: AbstractBaseUser | AnonymousUser, role: str) -> bool:
    """Return whether the site asks holders of `role` for two-factor sign-in and `user` has not set it up."""
    first = settings.MFA_REQUIRED_FROM
    return bool(first) and role in Role.at_least(first) and not is_mfa_enabled(user)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def allows(self, user: AbstractBaseUser | AnonymousUser, survey: Survey, role: str) -> bool:
        """Return whether `user` holds `role` (or a higher one) in `survey`, and has the second factor that it needs."""
        return self.holds(user, survey, role) and not lacks_second_factor(user, role)

    def holds(self, user: AbstractBaseUser | AnonymousUser, survey: Survey, role: str) -> bool:
        """Return whether `user` was given `role` (or a higher one) in `survey`."""
        if not user.is_authenticated or not user.is_active:
            return False
        if getattr(user, "is_superuser", False):
            return True
        return self.at_least(role).filter(user=user, survey=survey).exists()

    def at_least(self, role: str) -> Self:
        """Return the memberships with `role`, or a higher one."""
        return self.filter(role__in=Role.at_least(role))

    def surveys(self, user: AbstractBaseUser | AnonymousUser, role: str) -> models.QuerySet[Survey]:
        """Return the surveys in which `user` holds `role` (or a higher one), with the second factor that it needs."""
        if not user.is_authenticated or not user.is_active or lacks_second_factor(user, role):
            return Survey.objects.none()
        if getattr(user, "is_superuser", False):
            return Survey.objects.all()
        return Survey.objects.filter(memberships__user=user.pk, memberships__role__in=Role.at_least(role))


class Membership(models.Model):
    """One person's role in one survey."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "survey"], name="one_role_per_survey")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.survey}"
