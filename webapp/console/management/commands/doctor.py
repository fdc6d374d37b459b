import sys
from typing import Any

from django.core.management import BaseCommand
from django.template.defaultfilters import filesizeformat
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from webapp.core.ago import ago
from webapp.core.health import check_health
from webapp.core.stored_messages import in_words
from webapp.operations.restarts import Restarts
from webapp.operations.site_status import SiteStatus, site_status
from webapp.streams.models import Stream


class Command(BaseCommand):
    help = "Say how the site is: parts, jobs, streams, disk, backup, versions. Exit code 1 if something is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        self._end_without_database()
        status = site_status()
        for line in _lines(status):
            self.stdout.write(line)
        Console(width=100).print(_jobs(status))
        problems = _problems(status)
        for problem in problems:
            self.stdout.write(self.style.ERROR(problem))
        if problems:
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS("All is well."))

    def _end_without_database(self) -> None:
        """Say what can be said without the database, if it does not answer."""
        if check_health(("database",))["database"] != "ok":
            for sentence in check_health(("database", "broker", "disk")).values():
                if sentence != "ok":
                    self.stdout.write(self.style.ERROR(sentence))
            self.stdout.write("See that the database runs, and that DATABASE_URL is right.")
            sys.exit(1)


def _lines(status: SiteStatus) -> list[str]:
    newest = [f"{each.workflow}: {_ago(each.newest)}, {each.last_hour:,} in the last hour" for each in status.activity]
    folders = ", ".join(f"{name} {_size(size)}" for name, size in status.disk.folders)
    pixels = status.pixel_disk
    return [
        "Versions: " + ", ".join(f"{name} {version}" for name, version in status.versions.items()),
        f"Disk: {_size(status.disk.free)} of {_size(status.disk.total)} are free; {folders}",
        *([f"Disk of the pixels: {_size(pixels.free)} of {_size(pixels.total)} are free"] if pixels else []),
        f"Last backup: {_ago(status.backup.finished_at if status.backup else None)}",
        *(f"Last classification in {line}" for line in newest),
        *(_stream(stream) for stream in status.streams),
        "Restarts within a day: " + (_restarts(status.restarts) or "none"),
    ]


def _stream(stream: Stream) -> str:
    state = "listening" if stream.is_listening else "silent" if stream.is_silent else "stopped"
    waiting = "an unknown number of" if stream.lag is None else f"{stream.lag:,}"
    return f"Stream {stream.topic} of {stream.survey}: {state}, heard {_ago(stream.heard_at)}, {waiting} messages wait"


def _restarts(restarts: Restarts) -> str:
    newest = [
        f"last {each.part} on {each.host}, {_ago(each.at)}: {in_words(each.reason)}" for each in restarts.newest[:1]
    ]
    return "; ".join([", ".join(f"{part} {number:,}" for part, number in restarts.numbers.items()), *newest])


def _jobs(status: SiteStatus) -> Table:
    table = Table("Job", "Queue", "Workers", "Waiting", "Running", "Failed", "Longest wait", box=None)
    for kind, workers in status.workers_of_jobs:
        counts = (f"{number:,}" for number in (workers, kind.waiting, kind.running, kind.failed))
        table.add_row(escape(str(kind.title)), kind.queue, *counts, _ago(kind.oldest) if kind.oldest else "")
    return table


def _problems(status: SiteStatus) -> list[str]:
    ill = [sentence for sentence in status.parts.values() if sentence != "ok"]
    failed = [f"{each.job.title} {each.job.pk} failed: {in_words(each.job.error)}" for each in status.failed]
    late = ["No backup is less than a week old. Take one with `manage.py backup`."] if status.backup_is_late else []
    return [
        *ill,
        *status.restart_problems,
        *failed,
        *status.queue_problems,
        *status.stream_problems,
        *status.undelivered,
        *late,
    ]


def _ago(moment: Any) -> str:
    return ago(moment).replace("\xa0", " ") if moment else "never"


def _size(number: int) -> str:
    return filesizeformat(number).replace("\xa0", " ")
