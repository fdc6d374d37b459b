"""Streams of the whole site, and what is wrong with them: a listener that has died, or brokers that complain."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from webapp.core.stored_messages import in_words
from webapp.streams.models import Stream


def all_streams() -> list[Stream]:
    return list(Stream.objects.select_related("survey").order_by("survey__slug", "topic"))


def stream_problems(streams: Iterable[Stream]) -> dict[str, str]:
    """Return each problem's key and its sentence; a listener that was told to stop is no problem."""
    return {f"stream:{stream.pk}": _sentence(stream) for stream in streams if stream.is_sick}


def _sentence(stream: Stream) -> str:
    names = {"topic": stream.topic, "survey": stream.survey.name}
    if stream.is_silent:
        names["time"] = f"{stream.heard_at:%Y-%m-%d %H:%M}"
        return _("The listener of %(topic)s for %(survey)s has been silent since %(time)s UTC. Start it again.") % names
    return _("%(topic)s for %(survey)s: %(trouble)s") % (names | {"trouble": in_words(stream.trouble)})
