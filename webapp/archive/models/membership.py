from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.archive.models.survey import Survey


class Role(models.TextChoices):
    """What a person may do in a survey; each role includes the ones before it."""

    VOLUNTEER = "volunteer", _("Volunteer")
    MODERATOR = "moderator", _("Moderator")
    SCIENTIST = "scientist", _("Scientist")
    ADMIN = "admin", _("Admin")

    @classmethod
    def at_least(cls, role: str) -> list[str]:
        names = [choice.value for choice in cls]
        return names[names.index(role) :]


class MembershipQuerySet(models.QuerySet["Membership"]):
    def allows(self, user: AbstractBaseUser | AnonymousUser, survey: Survey, role: str) -> bool:
        """Return whether `user` holds `role`, or one that includes it, in `survey`."""
        if not user.is_authenticated or not user.is_active:
            return False
        if getattr(user, "is_superuser", False):
            return True
        return self.filter(user=user, survey=survey, role__in=Role.at_least(role)).exists()


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
