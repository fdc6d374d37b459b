from django.conf import settings
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models

from webapp.archive.models import Subject
from webapp.volunteers.models import Volunteer

LONGEST = 5000
LONGEST_REASON = 200


class CommentQuerySet(models.QuerySet["Comment"]):
    def standing(self) -> models.QuerySet["Comment"]:
        """Comments that nobody has removed."""
        return self.filter(removed_at=None)


class Comment(models.Model):
    """What somebody wrote about a subject, in Markdown. The oldest stands first; without an author, they have left."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(Volunteer, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField(validators=[MaxLengthValidator(LONGEST), ProhibitNullCharactersValidator()])
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    removed_because = models.CharField(
        max_length=LONGEST_REASON, blank=True, default="", help_text="blank: its author removed it"
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["subject", "id"]), models.Index(fields=["author", "created_at"])]

    def __str__(self) -> str:
        return f"on {self.subject}, by {self.author}"

    @property
    def is_taken_back(self) -> bool:
        """Whether its author removed it; a moderator always says why."""
        return self.removed_at is not None and not self.removed_because
