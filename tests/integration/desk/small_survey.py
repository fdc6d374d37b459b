"""A small survey with two workflows, two scientists, three volunteers, orbits and models, for random histories."""

import csv
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from tests.integration.known_objects.matching import ORBITS, UTC
from tests.integration.learning import sky
from tests.integration.people import member
from tests.integration.reports.reporting import SETTINGS
from webapp.archive.models import Frame, Subject, SubjectSet, Survey
from webapp.classifications.models import Classification, Reason
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.known_objects.load_orbits import load_orbits
from webapp.linking.models import LinkRun, Links
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease, QueueEntry
from webapp.reports.models import ReportSettings
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

SHORTLY = 1e-3  # days between the two frames of a tracklet: a known object hardly moves meanwhile
GIVEN = {5: "AST", 6: "CR", 7: "AST"}
"""The classes that came with the subjects, by their number."""
DUPLICATE, TWIN, LATE = 7, 4, 8
RULES = {"min_votes": 2, "max_votes": 3, "undo_seconds": 0, "method": "majority"}


class SmallSurvey:
    """Nine tracklets.

    The first two lie where known asteroids are, seen from the Earth's centre. Number 4 shows the detections of number
    3 again. Number 7 has the pixels of number 2. Number 8 is in no set of a workflow.
    """

    def __init__(self) -> None:
        self.survey = sky.survey(
            "night", classes=["AST", "COMET", "CR"], positive=["AST", "COMET"], pixel_scale=1.86, seeing=4.5,
            position_floor=0.1, drop_bogus_after=0, keep_bogus=0,
        )  # fmt: skip
        ReportSettings.objects.create(survey=self.survey, **SETTINGS)
        self.subjects = _subjects(self.survey)
        self.set = SubjectSet.objects.create(survey=self.survey, name="all")
        self.set.subjects.set(self.subjects[:LATE])
        self.workflows = [sky.workflow(self.survey, "tracklet", slug=slug, **RULES) for slug in ("one", "other")]
        for workflow in self.workflows:
            workflow.subject_sets.add(self.set)
            enqueue_subjects(workflow)
        self.scientists: list[User] = [member(self.survey, "scientist", name) for name in ("sue", "bob")]
        self.volunteers = [Volunteer.objects.create() for _ in range(3)]
        self.checkpoints = [sky.checkpoint(self.workflows[0], is_champion=number == 0) for number in range(2)]
        self.links = LinkRun.objects.create(
            survey=self.survey, links=Links.TRACKLETS, first_mjd=UTC - 1, last_mjd=UTC + 1, state="done"
        )
        self.given = {row.pk: row.gold_label for row in self.subjects}

    def fresh(self, number: int) -> Subject:
        return Subject.objects.select_related("survey").get(pk=self.subjects[number].pk)

    def workflow(self, number: int) -> Workflow:
        return Workflow.objects.select_related("survey").get(pk=self.workflows[number].pk)


def _subjects(survey: Survey) -> list[Subject]:
    with (ORBITS / "places.csv").open() as file:
        places = [(float(row["ra"]), float(row["dec"])) for row in csv.DictReader(file) if row["days"] == "30"]
    rows = sky.subjects(survey, [True] * 9, kind="tracklet", frames=2, mjd=UTC)
    for number, row in enumerate(rows):
        ra, dec = places[number] if number < 2 else (10.0 + (number - (number == TWIN)), 20.0)
        row.ra, row.dec = ra, dec
        row.gold_label, row.gold_source = GIVEN.get(number, ""), "manifest" if number in GIVEN else ""
        row.duplicate_of = rows[2] if number == DUPLICATE else None
        row.save()
        for place in range(2):
            of = {
                "mjd_mid": UTC + place * SHORTLY,
                "ra": ra,
                "dec": dec + place * 1e-4,
                "mag": 19.0,
                "band": "o",
                "snr": 10.0,
            }
            Frame.objects.create(subject=row, position=place, exptime=3.0, **of)
    return rows


def orbit_files(folder: Path) -> list[Path]:
    """Write versions of the orbits: of all asteroids, without the first, and with an unknown error of the first."""
    lines = (ORBITS / "mpcorb.dat").read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("03360"))
    unsure = lines[first][:105] + "E" + lines[first][106:]
    versions = [lines, lines[:first] + lines[first + 1 :], [*lines[:first], unsure, *lines[first + 1 :]]]
    paths = [folder / f"version-{number}" for number in range(len(versions))]
    for path, version in zip(paths, versions, strict=True):
        path.write_text("\n".join(version) + "\n")
    return paths


def use_orbits(version: int) -> None:
    load_orbits(Path(settings.DATA) / f"version-{version}", None, accepts_incomplete=True)


def hand(volunteer: Volunteer, workflow: Workflow, subject: Subject) -> Lease | None:
    """Lease a subject to a volunteer, if the queue may serve it to them."""
    entry = QueueEntry.objects.filter(workflow=workflow, subject=subject).first()
    if entry is None or not (entry.is_gold or (entry.open_slots > 0 and not entry.is_retired)):
        return None
    if Classification.objects.standing().filter(volunteer=volunteer, workflow=workflow, subject=subject).exists():
        return None
    reason = Reason.TRAINING if entry.is_gold else Reason.NEW
    later = timezone.now() + timedelta(minutes=15)
    lease, is_new = Lease.objects.get_or_create(
        volunteer=volunteer, entry=entry, defaults={"reason": reason, "expires_at": later}
    )
    if is_new and not entry.is_gold:
        QueueEntry.objects.filter(pk=entry.pk).update(open_slots=F("open_slots") - 1)
    return lease


def answer(volunteer: Volunteer, workflow: Workflow, subject: Subject, said: str) -> None:
    """Let a volunteer answer a subject that they have before them, or get now."""
    held = Lease.objects.filter(volunteer=volunteer, entry__workflow=workflow, entry__subject=subject).first()
    if held or hand(volunteer, workflow, subject):
        item = Item(uuid.uuid4(), subject.pk, said)
        submit(volunteer, workflow, [item])
        Classification.objects.filter(pk=item.id).update(created_at=timezone.now())  # else when the test began
