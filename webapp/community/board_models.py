"""Talk's boards and their threads, and the earlier versions and pictures of comments."""

from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from webapp.archive.models import Survey
from webapp.volunteers.models import Volunteer

USUAL_BOARDS = {
    gettext_noop("General"): gettext_noop("Say hello, and talk about the project."),
    gettext_noop("Help"): gettext_noop("Ask what you don't understand. Volunteers and scientists answer."),
    gettext_noop("Finds"): gettext_noop("Show what caught your eye."),
}
"""Names and descriptions of the boards that most surveys want: stored in English, shown in the reader's language."""


def _in_readers_language(text: str) -> str:
    return _(text) if text in {*USUAL_BOARDS, *USUAL_BOARDS.values()} else text


class Board(models.Model):
    """A place of a survey's Talk for threads on one theme, such as help."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="boards")
    name = models.CharField(max_length=60, validators=[ProhibitNullCharactersValidator()])
    description = models.CharField(
        max_length=300, blank=True, default="", validators=[ProhibitNullCharactersValidator()]
    )

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["survey", "name"], name="one_board_per_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        return _in_readers_language(self.name)

    @property
    def shown_description(self) -> str:
        return _in_readers_language(self.description)


class Thread(models.Model):
    """A conversation on a board; moderators pin it to the top, or lock it against further comments."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="threads")
    title = models.CharField(max_length=120, validators=[ProhibitNullCharactersValidator()])
    author = models.ForeignKey(Volunteer, null=True, on_delete=models.SET_NULL, related_name="threads")
    is_pinned = models.BooleanField(default=False)
    is_locked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    latest_at = models.DateTimeField(auto_now_add=True, help_text="of its newest comment")

    class Meta:
        indexes = [models.Index(fields=["board", "-is_pinned", "-latest_at", "-id"], name="threads_of_board")]

    def __str__(self) -> str:
        return self.title


class CommentVersion(models.Model):
    """What a comment said before an edit."""

    comment = models.ForeignKey("Comment", on_delete=models.CASCADE, related_name="versions")
    text = models.TextField()
    replaced_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.comment} before {self.replaced_at:%Y-%m-%d %H:%M}"


class CommentPicture(models.Model):
    """The picture of a comment, encoded by this site, and stored in the database for all web nodes."""

    comment = models.OneToOneField("Comment", on_delete=models.CASCADE, related_name="picture")
    alt = models.CharField(max_length=300, help_text="what it shows, for who can't see it")
    digest = models.CharField(max_length=32, help_text="blake2b of the bytes")
    content_type = models.CharField(max_length=20)
    content = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"picture {self.comment}"

    def get_absolute_url(self) -> str:
        return reverse("comment-picture", args=[self.comment_id, self.digest])
