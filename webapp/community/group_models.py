"""Groups of volunteers, such as a class or a club, and who belongs to them."""

from typing import Self

from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from webapp.volunteers.models import Volunteer


class GroupQuerySet(models.QuerySet["Group"]):
    def visible_to(self, volunteer: Volunteer | None) -> Self:
        """Return groups that are no class, one's own, and those that one belongs to."""
        return self.filter(Q(is_class=False) | _of(volunteer) if volunteer else Q(is_class=False))

    def of(self, volunteer: Volunteer) -> Self:
        """Return the groups that a volunteer owns or belongs to."""
        return self.filter(_of(volunteer))


def _of(volunteer: Volunteer) -> Q:
    belongs = GroupMember.objects.filter(group=OuterRef("pk"), volunteer=volunteer, left_at=None)
    return Q(owner=volunteer) | Q(Exists(belongs))


class Group(models.Model):
    """Volunteers who count their classifications together; of a class, nothing is public."""

    owner = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="owned_groups")
    name = models.CharField(max_length=80, validators=[ProhibitNullCharactersValidator()])
    description = models.TextField(
        blank=True, default="", max_length=1000, validators=[ProhibitNullCharactersValidator()]
    )
    is_class = models.BooleanField(default=False)
    token = models.CharField(
        max_length=43, null=True, blank=True, unique=True, help_text="of the link by which people join"
    )
    token_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """A volunteer's time in a group; only what they classified in that time counts for it."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="group_memberships")
    joined_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["group", "volunteer"], condition=Q(left_at=None), name="once_in_a_group")
        ]

    def __str__(self) -> str:
        return f"{self.volunteer} in {self.group}"
