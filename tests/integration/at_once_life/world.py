"""A small survey that several threads use at once, and what they were told: answers, undos, verdicts, errors."""

import time
import traceback
import uuid
from dataclasses import dataclass, field
from threading import get_ident

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError

from tests.integration.survey_life.setting import make_people, make_scientists, open_survey, open_workflows
from tests.integration.world import make_volunteer
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.classify.record import CannotClassify, TooLate
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue
from webapp.linking.models import LinkRun, Links, Proposal
from webapp.quality.models import QualityFlag
from webapp.reports.models import ReportSettings
from webapp.retention.start_run import RetentionRefused
from webapp.review.rulings import AlreadyWithdrawn
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

REFUSALS = (
    CannotClassify, TooLate, ValidationError, PermissionDenied, AlreadyWithdrawn, RetentionRefused,
    Classification.DoesNotExist, QualityFlag.DoesNotExist,
)  # fmt: skip
"""What pages and API answer in words."""

LINKS = (("s0", "s2"), ("s2", "s3"), ("s3", "s4"))
PLACE = {"mjd": 60000.0, "ra": 1.0, "dec": 1.0, "rate": 1.0, "position_angle": 1.0, "misfit": 1.0}


@dataclass(repr=False)
class World:
    """The survey, who there is, and what was answered to whom; only ever added to, so threads may share it."""

    seed: int
    keys: list = field(default_factory=list)
    accounts: list = field(default_factory=list)
    sent: list = field(default_factory=list)
    stored: dict = field(default_factory=dict)
    undone: dict = field(default_factory=dict)
    may_be_undone: list = field(default_factory=list)
    cleared: list = field(default_factory=list)
    ruled_from: dict = field(default_factory=dict)
    left: list = field(default_factory=list)
    happened: list = field(default_factory=list)
    failures: list = field(default_factory=list)

    def __post_init__(self):
        self.began = time.monotonic()
        self.survey = open_survey()
        self.workflows = [row.pk for row in open_workflows(self.survey)]
        people = [*make_people(), make_volunteer("dan"), make_volunteer()]
        self.keys += [person.key for person in people]
        self.accounts += [person.key for person in people if person.user_id]
        self.groups = dict(Subject.objects.values_list("pk", "object_group"))
        make_scientists()
        self._allow_reports()
        self._propose()

    def _allow_reports(self):
        catalogue = OrbitCatalogue.objects.get()
        for subject in Subject.objects.filter(identity_check=None):
            IdentityCheck.objects.create(subject=subject, catalogue=catalogue, detections=2, candidates=0, unmatched=2)
        ReportSettings.objects.create(
            survey=self.survey, submitter="S. Sue", measurers=["S. Sue"], design="Reflector", aperture=0.5,
            catalogue="Gaia3",
        )  # fmt: skip

    def _propose(self):
        run = LinkRun.objects.create(
            survey=self.survey, links=Links.TRACKLETS, first_mjd=60000, last_mjd=60001, state="done"
        )
        for members in LINKS:
            row = Proposal.objects.create(run=run, **PLACE)
            row.members.set(Subject.objects.filter(external_id__in=members))

    def workflow(self, rng):
        return Workflow.objects.select_related("survey").get(pk=rng.choice(self.workflows))

    def subject(self, rng):
        return rng.choice(list(Subject.objects.select_related("survey").order_by("pk")))

    def person(self, rng):
        return self.now(rng.choice(self.keys))

    def now(self, key):
        """Return somebody as a request knows them when it begins: their account, their visitor, or a newcomer."""
        row = Volunteer.objects.select_related("user", "merged_into__user").filter(key=key).first()
        if row is None:
            return None if key in self.accounts else Volunteer(key=key)
        return row if row.merged_into is None else row.merged_into if row.merged_into.user else None

    def account(self, rng):
        person = self.now(rng.choice(self.accounts))
        return person.user if person is not None else None

    def scientist(self, rng):
        return get_user_model().objects.get(username=rng.choice(["sue", "tom"]))

    def arrive(self, rng):
        self.keys.append(uuid.UUID(int=rng.getrandbits(128), version=4))

    def act(self, action, rng):
        """Do something; note what was refused, and what would be an error 500 or 503."""
        began = time.monotonic()
        try:
            result = action(self, rng)
        except REFUSALS as refusal:
            result = f"{type(refusal).__name__}: {refusal}"
        except Exception:
            result = "FAILED"
            self.failures.append(f"{action.__name__}:\n{traceback.format_exc()}")
        took = (began - self.began, time.monotonic() - self.began)
        self.happened.append((*took, get_ident(), action.__name__, result))

    def tell(self):
        """Return all that happened, in order, for a failing test's message."""
        threads = {name: number for number, name in enumerate(sorted({each[2] for each in self.happened}))}
        rows = [f"{a:8.3f}–{b:8.3f} #{threads[who]} {what}: {result}" for a, b, who, what, result in self.happened]
        return "\n".join([f"seed {self.seed}", *sorted(rows), *self.failures])


def pause(rng):
    """Let others act between what a request reads first and what it does then."""
    time.sleep(rng.choice((0, 0, 0.002, 0.01)))
