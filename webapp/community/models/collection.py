from typing import Self

from django.db import models
from django.db.models import Q

from webapp.archive.models import Subject
from webapp.volunteers.models import Volunteer


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, volunteer: Volunteer | None) -> Self:
        """Public collections, and one's own."""
        return self.filter(Q(is_public=True) | Q(owner=volunteer) if volunteer else Q(is_public=True))


class Collection(models.Model):
    """Subjects that somebody put together, for themselves or for everybody who has the address."""

    owner = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="collections")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    is_public = models.BooleanField(default=False)
    subjects = models.ManyToManyField(Subject, through="CollectionItem", related_name="collections")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_collection_per_name")]

    def __str__(self) -> str:
        return self.name


class CollectionItem(models.Model):
    """A subject in a collection; the newest stands first."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="collection_items")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["collection", "subject"], name="once_in_a_collection")]

    def __str__(self) -> str:
        return f"{self.subject} in {self.collection}"
