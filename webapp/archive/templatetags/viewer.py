"""Template tags: the picture viewer of the classify page, on any page about one subject."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.archive.blinding import shown, until_answered
from webapp.archive.drawable import drawable, frames_of
from webapp.archive.models import Subject
from webapp.archive.pixels import channels_of, may_show_motion

register = template.Library()
register.filter(channels_of)


@register.inclusion_tag("archive/viewer.html")
def viewer(subject: Subject, *, is_unblinded: bool, annotations: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Show a subject: blink, strip, follow, stack, stretches, levels, magnifier, crosshair.

    `is_unblinded`: whether the reader may see all that volunteers ever see of it. `annotations`: what volunteers and
    the model marked, for the survey's scientists only; the caller must check that.
    """
    facts = drawable(subject, frames_of([subject.pk])[subject.pk], subject.survey)
    facts = facts | {"metadata": shown(facts["metadata"])} if is_unblinded else until_answered(facts, subject.survey)
    if annotations:
        facts["annotations"] = annotations
    config = {"subject": facts, "channels": subject.survey.channels, "lines": 0, "annotated": bool(annotations)}
    return {"subject": subject, "config": config}


@register.filter
def motion_page(subject: Subject) -> str | Promise:
    """Return the name of the page of a subject's motion: of its position if it has one frame; empty without either."""
    if may_show_motion(subject):
        return _("Motion")
    return _("Position & known objects") if None not in (subject.ra, subject.dec) else ""
