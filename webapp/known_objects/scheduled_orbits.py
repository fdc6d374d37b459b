"""Notice that the orbit files of the setting ORBITS have changed, and start a job that loads them; needs no science.

The site fetches nothing itself: the administrator's cron job or rsync refreshes these files.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django.conf import settings
from django.utils import timezone

from webapp.core.jobs import DAILY, JobState
from webapp.known_objects.models import OrbitLoad

ASTEROIDS = ("MPCORB.DAT.gz", "MPCORB.DAT")
COMETS = ("CometEls.txt",)


@dataclass(frozen=True)
class OrbitFiles:
    """The files that ORBITS names, None where there is none: one of asteroids, or those of a folder."""

    asteroids: Path | None
    comets: Path | None

    @classmethod
    def find(cls) -> Self:
        """Return the files; of two with the same content, the newer."""
        path = Path(settings.ORBITS)
        if path.is_file():
            return cls(None, path) if path.name in COMETS else cls(path, None)
        return cls(_newest(path, ASTEROIDS), _newest(path, COMETS))

    @property
    def fingerprint(self) -> str:
        """Return a hash that changes with a file's name, size or time; empty without files."""
        rows = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self.paths]
        return hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest() if rows else ""

    @property
    def paths(self) -> list[Path]:
        return [path for path in (self.asteroids, self.comets) if path]


def start_load_if_changed() -> OrbitLoad | None:
    """Start a load if the files are not those of the last one, or if that failed a day ago; one waits at a time."""
    if not settings.ORBITS:
        return None
    fingerprint = _fingerprint()
    last = OrbitLoad.objects.first()
    if last and last.fingerprint == fingerprint and not _failed_long_ago(last):
        return None
    job, is_new = OrbitLoad.objects.get_or_create(state=JobState.QUEUED, defaults={"fingerprint": fingerprint})
    if is_new:
        job.enqueue()
    return job


def _fingerprint() -> str:
    try:
        return OrbitFiles.find().fingerprint
    except OSError:  # which the job says
        return ""


def _failed_long_ago(job: OrbitLoad) -> bool:
    return job.state == JobState.FAILED and job.created_at < timezone.now() - DAILY


def _newest(folder: Path, names: tuple[str, ...]) -> Path | None:
    found = [folder / name for name in names if (folder / name).is_file()]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
