"""Template filter that names a browser, for the list of one's sessions."""

from django import template
from django.utils.translation import gettext as _
from ua_parser import parse

register = template.Library()


@register.filter
def browser_in_words(user_agent: str) -> str:
    """Return a browser and its system, such as “Firefox 143 on Linux”; its user agent if that names none."""
    known = parse(user_agent)
    if known.user_agent is None:
        return user_agent or _("a program that doesn't say what it is")
    browser = " ".join(filter(None, [known.user_agent.family, known.user_agent.major]))
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": known.os.family} if known.os else browser
