"""Guides and project pages: versioned texts, their images, progress in a tutorial, and translations."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


class GuideKind(models.TextChoices):
    TUTORIAL = "tutorial", _("Tutorial")
    FIELD_GUIDE = "field-guide", _("Field guide")
    HELP = "help", _("Need some help?")


class Language(models.TextChoices):
    """The languages of texts for volunteers, by their own names."""

    ENGLISH = "en", "English"
    SPANISH = "es", "Español"
    GERMAN = "de", "Deutsch"
    FRENCH = "fr", "Français"


class GuideText(models.Model):
    """One version of a text by scientists for volunteers. A new version is a new row; none is ever changed."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="guide_texts")
    workflow = models.ForeignKey(
        Workflow,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="guide_texts",
        help_text="none for the field guide, which all workflows of the survey share",
    )
    kind = models.CharField(max_length=12, choices=GuideKind)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    version = models.PositiveIntegerField(help_text="counts up by kind and language")
    body = models.TextField(blank=True, help_text="Markdown; a text without a word is one that was taken back")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "workflow", "kind", "language", "version"],
                nulls_distinct=False,
                name="one_text_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.language}), version {self.version}"


class ProjectPageVersion(models.Model):
    """One version of a survey's project page, a draft until it is published. The live texts are the survey's columns.

    A new version is a new row, and no text is ever changed.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="page_versions")
    number = models.PositiveIntegerField(help_text="counts up from 1")
    story = models.TextField(blank=True)
    team = models.TextField(blank=True)
    faq = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["survey", "number"], name="one_page_per_version")]

    def __str__(self) -> str:
        return f"Version {self.number} of the project page of {self.survey}"


class GuideImage(models.Model):
    """A picture in a survey's texts, encoded by this site, and stored in the database for all web nodes."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="guide_images")
    digest = models.CharField(max_length=32, help_text="blake2b of the bytes")
    content_type = models.CharField(max_length=20)
    content = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "digest"], name="one_image_per_digest")]

    def __str__(self) -> str:
        return f"Picture {self.pk} of {self.survey}, {self.width} × {self.height}"


class TutorialProgress(models.Model):
    """A volunteer's progress in one version of a tutorial."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="tutorials")
    text = models.ForeignKey(GuideText, on_delete=models.CASCADE, related_name="readers")
    step = models.PositiveSmallIntegerField(default=0, help_text="0 for the first")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["volunteer", "text"], name="one_progress_per_tutorial")]

    def __str__(self) -> str:
        return f"{self.volunteer} in {self.text}"


class Translation(models.Model):
    """A text of a survey or of one of its workflows in another language."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="translations")
    workflow = models.ForeignKey(
        Workflow,
        null=True,
        on_delete=models.CASCADE,
        related_name="translations",
        help_text="none: a text of the survey",
    )
    field = models.CharField(max_length=20, help_text="the column that it translates")
    language = models.CharField(max_length=2, choices=Language)
    text = models.TextField()
    source = models.CharField(max_length=32, help_text="blake2b of the text that it translates")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "workflow", "field", "language"], nulls_distinct=False, name="translated_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.workflow or self.survey} ({self.language})"
