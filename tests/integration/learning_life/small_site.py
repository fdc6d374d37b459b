"""A small survey whose messages can be lost and doubled and whose workers die, with networks that learn at once."""

import hashlib
import uuid
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import F

from ml.training.callbacks import Epoch
from tests.integration.desk.small_survey import answer
from tests.integration.learning import sky
from tests.integration.people import member
from webapp.archive.models import Subject, SubjectSet
from webapp.core.dispatch import app
from webapp.core.jobs import Job
from webapp.learning.external_scorers import Answer, ExternalScorerFailed, ScorerUnavailable
from webapp.learning.messages import REVOKED
from webapp.linking.models import LinkRun, Links
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

GOLD, FREE = 30, 16
RULES = {"min_votes": 2, "max_votes": 3, "undo_seconds": 0, "method": "majority", "random_fraction": 0.3}
SCHEDULES = ({"min_new_labels": 3}, {"min_new_labels": None, "retrain_days": 2})
AGING = ("learning", "consensus", "archive", "classifications", "workflows", "queue")
"""Rooms whose rows become older as time passes."""

BRIGHT = 8  # mean of the central pixels from which a subject has a star


class Killed(BaseException):
    """The worker's process has ended: nothing of it goes on."""


class SmallSite:
    """Tracklets of which most are gold, and two workflows about them.

    `messages` are those at the broker, (task, arguments). `dies_at` and `acts_at` say at which write of a job's row,
    from 1, its worker dies, and from which somebody else does what `meanwhile` is, as soon as it can be done.
    """

    newest = None

    def __init__(self, name):
        SmallSite.newest = self
        self.subjects, self.messages = [], []
        self.survey = sky.survey(name)
        self.admin = member(self.survey, "admin", f"ada-{name}")
        self.volunteers = [Volunteer.objects.create() for _ in range(3)]
        self.workflows = [
            sky.workflow(self.survey, "tracklet", slug=f"{name}-{number}", **RULES, **schedule)
            for number, schedule in enumerate(SCHEDULES)
        ]
        self.links = LinkRun.objects.create(
            survey=self.survey, links=Links.TRACKLETS, first_mjd=60000, last_mjd=60001, state="done"
        )
        self.set = SubjectSet.objects.create(survey=self.survey, name="all")
        for workflow in self.workflows:
            workflow.subject_sets.add(self.set)
        self.quality, self.version = 1.0, "one"
        self.is_broken = self.is_away = False
        self.heal()
        sky.make_gold(self.arrive(GOLD)[:GOLD], [number % 2 == 0 for number in range(GOLD)])
        self.arrive(FREE)

    def heal(self):
        """Let every worker live, and nobody interfere."""
        self.writes = self.dies_at = self.acts_at = 0
        self.meanwhile = None

    @transaction.atomic
    def arrive(self, count):
        real = [number % 2 == 0 for number in range(count)]
        new = sky.subjects(self.survey, real, kind="tracklet", frames=2, prefix=f"{self.survey.slug}-", mjd=60000.0)
        self.subjects += new
        self.set.subjects.add(*new)
        for workflow in self.workflows:
            enqueue_subjects(workflow)
        return new

    def fresh(self, number):
        return Subject.objects.select_related("survey").get(pk=self.subjects[number % len(self.subjects)].pk)

    def workflow(self, number):
        return Workflow.objects.select_related("survey").get(pk=self.workflows[number % len(self.workflows)].pk)

    def vote(self, number, workflow, said):
        for volunteer in self.volunteers[:2]:
            answer(volunteer, self.workflow(workflow), self.fresh(number), said)

    def work(self, task, args):
        """Do what a message asks for, as far as its worker lives."""
        self.writes = 0
        try:
            app.tasks[task](*args)
        except Killed:
            pass
        finally:
            self.heal()

    def work_off(self):
        """Do what all messages ask for, and those that come of it."""
        while self.messages:
            self.work(*self.messages.pop(0))

    def before_write(self, row):
        self.writes += 1
        if self.writes >= self.acts_at and self.meanwhile and not connection.in_atomic_block:
            act, self.meanwhile = self.meanwhile, None
            self.meanwhile = None if act(row) else act
        if self.writes == self.dies_at:
            raise Killed

    @staticmethod
    def pass_time(**time):
        for label in AGING:
            for model in apps.get_app_config(label).get_models():
                times = [each.name for each in model._meta.fields if isinstance(each, models.DateTimeField)]
                if times:
                    model.objects.update(**{name: F(name) - timedelta(**time) for name in times})

    def ask(self, scorer, kind, subjects, pixels):
        """Answer as the external scorer does."""
        if not scorer.secret:
            raise ExternalScorerFailed(REVOKED())
        if self.is_away:
            raise ScorerUnavailable(REVOKED())
        flux = pixels[:, :, 0, 9:12, 9:12].mean((1, 2, 3))
        return Answer(self.version, np.where(flux > BRIGHT, 0.9, 0.1).astype(np.float32))


class Network:
    """A network that tells bright from dark, as well as its `quality` says."""

    role, classes, positive = "tracklet", ("no", "yes"), ("yes",)

    def __init__(self, site, feature_key, checkpoint=None):
        self.site, self.feature_key = site, feature_key
        self.manifest = checkpoint.manifest if checkpoint else {}
        known = {**self.manifest, "sha256": checkpoint.sha256, "pk": checkpoint.pk} if checkpoint else {}
        self.checkpoint = SimpleNamespace(manifest=known)

    def features(self, block):
        if self.site.is_broken:
            raise RuntimeError("The disk cannot be read.")
        return block[:, :, 0, 9:12, 9:12].mean((2, 3))[..., None].astype(np.float16)

    def probabilities_from_features(self, features, tracks=None):
        if self.site.is_broken:
            raise RuntimeError("The disk cannot be read.")
        flux = features.astype(np.float64).mean((1, 2))
        noise = np.sin(flux * 1000 + self.manifest["noise"])
        p = 1 / (1 + np.exp(-float(self.manifest["quality"]) * np.where(flux > BRIGHT, 1, -1) - noise))
        return np.stack([1 - p, p], axis=1).astype(np.float32)

    def p_real(self, probabilities):
        return probabilities[:, 1]


class Trained:
    """What a training leaves."""

    def __init__(self, manifest):
        self.manifest = manifest

    def save(self, folder):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
        return hashlib.sha256(uuid.uuid4().bytes).hexdigest()


def train(site, given, *, preset, base, seed, on_epoch, state):
    """Train in no time; a head takes the network's features over, as the real one does."""
    for epoch in (1, 2):
        if preset != "head":
            state.path.parent.mkdir(exist_ok=True)
            state.path.write_bytes(b"")
        on_epoch(Epoch(epoch, 2, 0.5, 0.5))
    start = base.manifest if base else {"feature_key": "packaged", "sha256": "imagenet", "pk": None}
    key = start["feature_key"] if preset == "head" else uuid.uuid4().hex
    return Trained(
        {
            "role": "tracklet", "preset": preset, "init": start["sha256"], "base": start["pk"], "feature_key": key,
            "quality": str(site.quality), "noise": seed, "classes": ["no", "yes"], "positive": ["yes"],
        }
    )  # fmt: skip


def stand_in(monkeypatch):
    """Replace networks, broker and heartbeat by those of the newest site."""
    write = Job._write

    def written(row, **fields):
        SmallSite.newest.before_write(row)
        write(row, **fields)

    def trained(role, given, *, preset, base, seed, on_epoch, state, **_):
        return train(SmallSite.newest, given, preset=preset, base=base, seed=seed, on_epoch=on_epoch, state=state)

    replaced = {
        "webapp.core.jobs.Job._write": written,
        "webapp.core.dispatch._publish": lambda task, args: SmallSite.newest.messages.append((task, args)),
        "webapp.core.dispatch.has_messages": lambda task: any(name == task for name, _ in SmallSite.newest.messages),
        "tasks.base_task.kept_alive": lambda *_, **__: nullcontext(),
        "tasks.learning.train.train": trained,
        "tasks.learning.model_cache.scorer": lambda row: Network(SmallSite.newest, row.manifest["feature_key"], row),
        "tasks.learning.model_cache.packaged": lambda: Network(SmallSite.newest, "packaged"),
        "tasks.learning.external_model.ask": lambda *asked: SmallSite.newest.ask(*asked),
        "webapp.learning.external_scorers.TRIES": 1,
        **{f"webapp.learning.{room}.FEWEST_LABELS": 4 for room in ("promotion", "triggers", "drift")},
    }
    for name, value in replaced.items():
        monkeypatch.setattr(name, value)
