"""Restarts of the site's parts. Each waits in a file until the database takes it, which may be what had died."""

import json
import logging
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from ml.io.message import from_json, to_json
from webapp.operations.models import Restart

log = logging.getLogger(__name__)

FOLDER = "restarts"
MANY, WITHIN = 3, timedelta(minutes=10)
"""A part that was started again more often than MANY times WITHIN so long is a problem."""
SHOWN_FOR, SHOWN = timedelta(days=1), 50


def note(part: str, reason: str) -> None:
    """Write down that a part of this machine is started again; on a full disk, only the log says so."""
    noted = {"part": part, "host": socket.gethostname(), "reason": to_json(reason), "at": timezone.now().isoformat()}
    path = Path(settings.DATA) / FOLDER / f"{uuid.uuid4()}.json"
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(noted))
        partial.replace(path)
    except OSError as error:
        log.warning("The restart of the part %s could not be written down: %s", part, error)


def store() -> None:
    """Move what was noted into the database. Processes that share the folder may do so at once."""
    paths = sorted((Path(settings.DATA) / FOLDER).glob("*.json"))
    rows = [row for row in map(_read, paths) if row]
    if rows:
        Restart.objects.bulk_create(rows, ignore_conflicts=True)
    for path in paths:
        path.unlink(missing_ok=True)


def _read(path: Path) -> Restart | None:
    """Return the row of a file; None if another process was faster, or a power cut has emptied it."""
    try:
        noted = json.loads(path.read_text())
        return Restart(
            id=uuid.UUID(path.stem),
            part=noted["part"],
            host=noted["host"],
            reason=from_json(noted["reason"]),
            at=datetime.fromisoformat(noted["at"]),
        )
    except (FileNotFoundError, ValueError, KeyError):
        return None


@dataclass(frozen=True)
class Restarts:
    """Those of the last day: how many by part, and the newest."""

    numbers: dict[str, int]
    newest: list[Restart]


def restarts_of_the_day() -> Restarts:
    recent = Restart.objects.filter(at__gt=Now() - SHOWN_FOR)
    return Restarts(count_by_part(recent), list(recent.order_by("-at")[:SHOWN]))


def count_by_part(restarts: QuerySet[Restart]) -> dict[str, int]:
    return dict(restarts.order_by("part").values_list("part").annotate(number=Count("pk")))


def restart_problems() -> dict[str, str]:
    """Return each problem's key and its sentence: a part that is started again and again."""
    recent = Restart.objects.filter(at__gt=Now() - WITHIN).values("part", "host").annotate(number=Count("pk"))
    return {
        f"restarts:{each['part']}@{each['host']}"[:200]: _(
            "The part %(part)s on %(host)s was started again %(number)s times within %(minutes)s minutes. See its log."
        )
        % {**each, "minutes": WITHIN // timedelta(minutes=1)}
        for each in recent.filter(number__gt=MANY).order_by("part", "host")
    }
