from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Credit(models.TextChoices):
    """How somebody is named where they are credited."""

    OWN_NAME = "own-name", _("by my own name")
    USER_NAME = "user-name", _("by my user name")
    ANONYMOUS = "anonymous", _("not at all")


class Profile(models.Model):
    """What a person says about themselves. Nobody is named before they have chosen to be."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    display_name = models.CharField(max_length=80, blank=True, default="")
    credit = models.CharField(max_length=10, choices=Credit, default=Credit.ANONYMOUS)
    language = models.CharField(max_length=10, blank=True, default="", help_text="blank: as the browser asks")

    def __str__(self) -> str:
        return f"profile of {self.user}"

    def named(self) -> str:
        """Return the name to credit, or an empty string for nobody's."""
        names = {Credit.OWN_NAME: self.display_name, Credit.USER_NAME: self.user.get_username()}
        return names.get(Credit(self.credit), "")
