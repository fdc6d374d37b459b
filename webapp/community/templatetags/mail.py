"""Whether mail of the site reaches anybody."""

from django import template
from django.conf import settings

register = template.Library()
NOWHERE = [f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy")]


@register.simple_tag
def mail_is_sent() -> bool:
    return settings.EMAIL_BACKEND not in NOWHERE
