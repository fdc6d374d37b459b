"""A survey whose archive grows from small real files, and what was put into it."""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from django.conf import settings
from django.contrib.auth.models import User

from tests.integration.archive.sky import work_on
from tests.integration.learning import sky
from tests.integration.people import member
from tests.unit.io import packets
from webapp.archive.ingest import store as storing
from webapp.archive.ingest.create_run import new_run
from webapp.archive.models import IngestRun, Subject, SubjectSet
from webapp.core.jobs import JobState
from webapp.linking.models import LinkRun, Links
from webapp.streams.models import Stream
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

SIDE, PLANES = 15, 9
NIGHT = 60000.3
FRAMES = {"stamp": 1, "tracklet": 3}
RULES = {"min_votes": 2, "max_votes": 3, "undo_seconds": 0, "method": "majority"}
STEPS = ("write_subjects", "write_frames", "put_into_set", "report")
COLUMNS = ("external_id", "kind", "image", "plane", "planes", "ra", "dec", "mjd", "object_group", "label", "gold")


class Killed(BaseException):
    """An end that nothing handles."""


@dataclass(frozen=True)
class Row:
    """A row of a manifest; the frames of a tracklet are the planes from the first on."""

    name: str
    kind: str
    plane: int
    group: str = ""
    gold: str = ""
    is_there: bool = True

    def pixels(self, cube: np.ndarray) -> np.ndarray:
        """Return (F, C, H, W)."""
        return cube[self.plane : self.plane + FRAMES[self.kind], None]

    def cells(self) -> list[object]:
        span = ("", f"{self.plane}:{self.plane + 3}") if self.kind == "tracklet" else (self.plane, "")
        image = "cube.fits" if self.is_there else "none.fits"
        place = (10.0 + self.plane / 100, 20.0, NIGHT + self.plane / 50)
        return [self.name, self.kind, image, *span, *place, self.group, self.gold, int(bool(self.gold))]


@dataclass
class Put:
    """A subject as it was put in: its kind and pixels, its own object, the class that it came with."""

    kind: str
    pixels: np.ndarray
    group: str
    gold: str = ""


@dataclass
class Counts:
    """What an ingest should say that it did."""

    added: int = 0
    known: int = 0
    joined: int = 0
    duplicates: int = 0
    bad: int = 0


@dataclass
class SmallArchive:
    """A survey, and by the names of its subjects what was put in."""

    folder: Path
    put: dict[str, Put] = field(default_factory=dict)
    sets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    offsets: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    runs: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        settings.PIXELS, settings.DATA = str(self.folder / "pixels"), str(self.folder)
        self.survey = sky.survey("night", drop_bogus_after=0, keep_bogus=0, pixel_scale=1.0, observatory="I41")
        self.cube = np.random.default_rng(0).normal(100, 10, (PLANES, SIDE, SIDE)).astype(np.float32)
        fits.writeto(self.folder / "cube.fits", self.cube)
        self.scientist: User = member(self.survey, "scientist", "sue")
        self.workflows = [
            self._workflow(*of) for of in (("one", "stamp", "a"), ("two", "stamp", "b"), ("trk", "tracklet", "a"))
        ]
        self.workflows[2].subject_sets.add(SubjectSet.objects.create(survey=self.survey, name="linked"))
        self.volunteers = [Volunteer.objects.create() for _ in range(3)]
        self.streams = [
            Stream.objects.create(survey=self.survey, topic=name, brokers="nowhere:1", group="g", subject_set=name)
            for name in ("a", "b")
        ]
        of = {"survey": self.survey, "first_mjd": NIGHT - 1, "last_mjd": NIGHT + 1, "state": JobState.DONE}
        self.links = {links: LinkRun.objects.create(links=links, **of) for links in Links}

    def _workflow(self, slug: str, kind: str, name: str) -> Workflow:
        workflow = sky.workflow(self.survey, kind, slug=slug, **RULES)
        workflow.subject_sets.add(SubjectSet.objects.get_or_create(survey=self.survey, name=name)[0])
        return workflow

    def manifest(self, rows: list[Row]) -> Path:
        self.runs += 1
        path = self.folder / f"night-{self.runs}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *(row.cells() for row in rows)])
        return path

    def begin(self, rows: list[Row], subject_set: str, *, dry_run: bool = False) -> IngestRun:
        path = self.manifest(rows)
        return new_run(survey=self.survey, path=path, by=None, subject_set=subject_set, dry_run=dry_run)

    def expect(self, rows: list[Row], subject_set: str) -> Counts:
        """Put rows in, and return what the ingest should say."""
        counts, before = Counts(), set(self.put)
        for row in rows:
            pixels = row.pixels(self.cube)
            is_same = row.name in self.put and row.is_there and same(self.put[row.name].pixels, pixels)
            if row.name in before or is_same:
                counts.known += 1
                counts.joined += row.name not in self.sets[subject_set]
                self.sets[subject_set].add(row.name)
            elif row.name in self.put or not row.is_there:
                counts.bad += 1
            else:
                counts.added += 1
                counts.duplicates += any(same(each.pixels, pixels) for each in self.put.values())
                self.put[row.name] = Put(row.kind, pixels, row.group or row.name, row.gold)
                self.sets[subject_set].add(row.name)
        return counts

    def subject(self, name: str) -> Subject:
        return Subject.objects.select_related("survey").get(survey=self.survey, external_id=name, is_synthetic=False)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and np.array_equal(one, other)


def killed_at(run: IngestRun, step: str, times: int) -> bool:
    """Work on a run until its worker dies at a step of a batch; return whether it did."""
    calls, function = 0, getattr(storing, step)

    def die(*args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == times:
            raise Killed
        return function(*args, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storing, step, die)
        try:
            work_on(run)
        except Killed:
            return True
    return False


def alert(number: int, folder: Path) -> bytes:
    """Return a message of a small ZTF alert of its own object."""
    packet = packets.ztf() | {"candid": number, "objectId": f"g{number % 3}"}
    packet["candidate"] |= {"ssnamenr": "null", "ssdistnr": -999.0}
    packet |= packets.cutouts(lambda level: packets.image(level + number, 63), packets.stamp_data)
    return packets.write(folder / "alert.avro", packet).read_bytes()


def alert_pixels(number: int) -> np.ndarray:
    return np.stack([np.full((63, 63), level + number, np.float32) for level in range(3)])[None]
