"""Profiles, favourites, collections, comments, tags and discoveries."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject, Survey
from webapp.community.board_models import Board, CommentPicture, CommentVersion, Thread
from webapp.community.group_models import Group, GroupMember
from webapp.community.moderation_models import LONGEST_REASON, Appeal, Block, ModeratorAction, Report
from webapp.community.notification_models import Mail, MailFrequency, Notification
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

__all__ = [
    "LONGEST",
    "LONGEST_REASON",
    "Appeal",
    "Block",
    "Board",
    "Collection",
    "CollectionItem",
    "Comment",
    "CommentPicture",
    "CommentVersion",
    "Credit",
    "Discovery",
    "Favourite",
    "Group",
    "GroupMember",
    "Mail",
    "MailFrequency",
    "ModeratorAction",
    "Notification",
    "Profile",
    "Report",
    "SubjectTag",
    "Thread",
]


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, volunteer: Volunteer | None) -> Self:
        """Public collections, one's own, and those that one edits."""
        if volunteer is None:
            return self.filter(is_public=True)
        edited = volunteer.edited_collections.values("pk")
        return self.filter(Q(is_public=True) | Q(owner=volunteer) | Q(pk__in=edited))

    def edited_by(self, volunteer: Volunteer) -> Self:
        """One's own collections, and those of others that one edits."""
        return self.filter(Q(owner=volunteer) | Q(pk__in=volunteer.edited_collections.values("pk")))


class Collection(models.Model):
    """Subjects collected by somebody, private or for anyone with the link."""

    owner = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="collections")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    is_public = models.BooleanField(default=False)
    subjects = models.ManyToManyField(Subject, through="CollectionItem", related_name="collections")
    editors = models.ManyToManyField(Volunteer, related_name="edited_collections", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_collection_per_name")]

    def __str__(self) -> str:
        return self.name


class CollectionItem(models.Model):
    """A subject in a collection: the highest position first, which is the newest until somebody moves it."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="collection_items")
    position = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-position", "-id"]
        indexes = [models.Index(fields=["collection", "-position", "-id"])]
        constraints = [models.UniqueConstraint(fields=["collection", "subject"], name="once_in_a_collection")]

    def __str__(self) -> str:
        return f"{self.subject} in {self.collection}"


LONGEST = 5000


class CommentQuerySet(models.QuerySet["Comment"]):
    def standing(self) -> Self:
        """Comments that nobody has removed."""
        return self.filter(removed_at=None)

    def with_pictures(self) -> Self:
        """Join the comments' pictures, without their bytes."""
        return self.select_related("picture").defer("picture__content")


class CommentManager(models.Manager.from_queryset(CommentQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> CommentQuerySet:
        """Leave the search document, which is as long as the text, in the database."""
        return super().get_queryset().defer("document")


class Comment(models.Model):
    """A comment on a subject or in a thread, in Markdown, oldest first; without an author if they have left."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="comments")
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
    thread = models.ForeignKey(Thread, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
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

    document = models.GeneratedField(
        expression=SearchVector("text", config="simple"), output_field=SearchVectorField(), db_persist=True
    )

    objects = CommentManager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["subject", "id"]),
            models.Index(fields=["thread", "id"]),
            models.Index(fields=["survey", "-id"], name="comments_of_survey", condition=Q(removed_at=None)),
            models.Index(fields=["author", "created_at"]),
            GinIndex(fields=["document"], name="comment_words"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(subject=None, thread__isnull=False) | Q(subject__isnull=False, thread=None),
                name="comment_in_one_place",
            )
        ]

    def __str__(self) -> str:
        return f"on {self.place}, by {self.author}"

    def get_absolute_url(self) -> str:
        """Return where the comment is read: with its thread, or beside its subject."""
        if self.thread_id:
            return f"{reverse('thread', args=[self.survey.slug, self.thread_id])}#comment-{self.pk}"
        return f"{reverse('subject', args=[self.survey.slug, self.subject_id])}#comment-{self.pk}"

    @property
    def place(self) -> Subject | Thread | None:
        return self.thread or self.subject

    @property
    def is_taken_back(self) -> bool:
        """Whether its author removed it; a moderator always gives a reason."""
        return self.removed_at is not None and not self.removed_because


class SubjectTag(models.Model):
    """A volunteer's #tag on a subject: in a comment, or by the button (no comment)."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="volunteer_tags")
    name = models.CharField(max_length=30)
    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="subject_tags")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.CASCADE, related_name="tags")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "name", "volunteer", "comment"], nulls_distinct=False, name="tagged_once"
            )
        ]
        indexes = [models.Index(fields=["name", "subject"])]

    def __str__(self) -> str:
        return f"#{self.name} on {self.subject}"


class Discovery(models.Model):
    """Credit: somebody said yes to a subject before scientists confirmed it."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="discoveries")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="discoveries")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="discoveries")
    confirmed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "discoveries"
        ordering = ["-confirmed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["volunteer", "workflow", "subject"], name="credited_once_per_question")
        ]

    def __str__(self) -> str:
        return f"{self.subject}, seen by {self.volunteer}"


class Favourite(models.Model):
    """A favourite subject."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="favourites")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["volunteer", "subject"], name="one_heart_per_subject")]
        indexes = [models.Index(fields=["volunteer", "-id"])]

    def __str__(self) -> str:
        return f"{self.subject}, a favourite of {self.volunteer}"


class Credit(models.TextChoices):
    """How somebody is named in credits."""

    OWN_NAME = "own-name", _("my real name")
    USER_NAME = "user-name", _("my user name")
    ANONYMOUS = "anonymous", _("no name")


class Profile(models.Model):
    """A person's profile. Nobody is named before they have chosen to be."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    display_name = models.CharField(max_length=80, blank=True, default="")
    credit = models.CharField(max_length=10, choices=Credit, default=Credit.ANONYMOUS)
    language = models.CharField(max_length=10, blank=True, default="", help_text="blank: as the browser asks")
    mail = models.CharField(max_length=10, choices=MailFrequency, default=MailFrequency.NEVER)

    def __str__(self) -> str:
        return f"profile of {self.user}"

    def named(self) -> str:
        """Return the name to credit, or an empty string for none."""
        names = {Credit.OWN_NAME: self.display_name, Credit.USER_NAME: self.user.get_username()}
        return names.get(Credit(self.credit), "")
