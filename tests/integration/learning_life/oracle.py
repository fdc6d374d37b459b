"""What must be true of a learning loop, derived from its rows without the code under test."""

from collections import Counter
from pathlib import Path

from django.conf import settings

from webapp.archive.models import Subject
from webapp.consensus.models import Consensus
from webapp.core.jobs import OVER, JobState
from webapp.learning import models as rows
from webapp.learning.label_snapshot import read_snapshot
from webapp.learning.models import (
    Checkpoint,
    Evaluation,
    Promotion,
    Score,
    ScoringRun,
    ScoringShard,
    TestSet,
    TrainingRun,
    TrainingSet,
)
from webapp.learning.triggers import labels_since, touched_since
from webapp.queue.models import QueueEntry

JOBS = (TrainingRun, ScoringRun, ScoringShard, rows.FirstBatch)
ENOUGH = 1000


class Oracle:
    def __init__(self, site):
        self.site = site
        self.subjects = {row.pk: row for row in Subject.objects.filter(survey=site.survey)}
        self.models = {row.pk: row for row in Checkpoint.objects.select_related("run__training_set")}
        self.promotions = list(Promotion.objects.order_by("pk"))
        self.champions = [row for row in self.models.values() if row.is_champion]
        self.scored = set(Score.objects.values_list("checkpoint", "subject"))

    def check(self, known, *, with_triggers=True):
        """Check all; `known` holds what earlier checks have seen, and is added to."""
        for check in (self.jobs, self.runs, self.leaders, self.files, self.scores):
            check()
        if with_triggers:
            self.triggers()
        self.training_sets(known)
        self.evaluations(known)
        self.kept(known)

    def jobs(self):
        """No job has done more than there is to do, and each that ended says when, and why if it failed."""
        for row in (row for model in JOBS for row in model.objects.all()):
            assert row.total is None or row.done <= row.total or isinstance(row, ScoringRun), row
            assert (row.state in OVER) == (row.finished_at is not None), (row, row.state)
            assert row.state != JobState.FAILED or row.error, row

    def runs(self):
        """A workflow has one open run at most; a run that is done has a model and says what became of it."""
        runs = list(TrainingRun.objects.select_related("checkpoint"))
        opened = Counter(row.workflow_id for row in runs if row.state not in OVER)
        assert not opened or max(opened.values()) == 1, opened
        for row in runs:
            assert row.state != JobState.DONE or (hasattr(row, "checkpoint") and row.message), row
            assert row.state != JobState.CANCELLED or row.cancel_requested, row

    def leaders(self):
        """The newest promotion's model leads, alone, and each promotion replaced the one before."""
        assert [row.pk for row in self.champions] == [row.checkpoint_id for row in self.promotions[-1:]]
        before = [None, *(row.checkpoint_id for row in self.promotions)]
        for row, previous in zip(self.promotions, before, strict=False):
            assert row.previous_id == previous, row
            assert row.by_id or not self.models[row.checkpoint_id].run.is_control, row
            runs = ScoringRun.objects.filter(checkpoint=row.checkpoint_id, created_at__gte=row.created_at)
            assert runs.exists(), row

    def files(self):
        for row in self.models.values():
            assert not row.folder or (Path(settings.DATA) / row.folder).is_dir(), row

    def scores(self):
        """What a finished shard of the champion covers has its score."""
        for champion in self.champions:
            since = max(row.created_at for row in self.promotions if row.checkpoint_id == champion.pk)
            shards = ScoringShard.objects.filter(run__checkpoint=champion, run__created_at__gte=since)
            for shard in shards.filter(state=JobState.DONE):
                for row in self.subjects.values():
                    if shard.start <= row.zarr_index < shard.stop and row.zarr_array == shard.zarr_array:
                        assert (champion.pk, row.pk) in self.scored, (champion, row)

    def training_sets(self, known):
        """A fresh training set has nothing of today's test set, nor of its objects."""
        current = TestSet.objects.filter(survey=self.site.survey, is_current=True).first()
        tested = read_snapshot("test-sets", current.hash)[0] if current else []
        objects = {self.subjects[label.subject_id].object_group for label in tested}
        for row in TrainingSet.objects.exclude(pk__in=known["sets"]):
            known["sets"].add(row.pk)
            learnt = {self.subjects[label.subject_id].object_group for label in self.labels_of(row)}
            assert not learnt & objects or known["frozen"] != current.pk, learnt & objects
            assert row.size == len(self.labels_of(row))
        known["frozen"] = current and current.pk

    @staticmethod
    def labels_of(training_set):
        return read_snapshot("training-sets", training_set.hash)[0] if training_set else []

    def evaluations(self, known):
        """A model is judged by subjects that neither it nor its ancestors know, and never against itself."""
        for row in Evaluation.objects.select_related("test_set").exclude(pk__in=known["evaluations"]):
            known["evaluations"].add(row.pk)
            assert row.champion_id != row.checkpoint_id, row
            unseen = self.unseen_by(row.checkpoint_id, read_snapshot("test-sets", row.test_set.hash)[0])
            assert row.metrics.get("n", 0) == len(unseen), row
            promoted = [one for one in self.promotions if one.checkpoint_id == row.checkpoint_id]
            assert bool(promoted) or not row.passed, row
            assert row.passed or all(one.by_id for one in promoted), row

    def unseen_by(self, model, labels):
        learnt, groups = set(), set()
        while model is not None:
            found = self.labels_of(self.models[model].run.training_set)
            learnt |= {label.subject_id for label in found}
            groups |= {label.object_group for label in found}
            model = self.models[model].manifest.get("base")
        now = {self.subjects[key].object_group for key in learnt}
        return [
            label
            for label in labels
            if label.object_group not in groups and self.subjects[label.subject_id].object_group not in groups | now
        ]

    def kept(self, known):
        """A champion loses no score while it leads."""
        for champion in self.champions:
            mine = {subject for model, subject in self.scored if model == champion.pk}
            assert known["leader"] != champion.pk or mine >= known["mine"], known["mine"] - mine
            known["leader"], known["mine"] = champion.pk, mine

    def triggers(self):
        """The quick look at what may have changed since the last labels misses nothing that the slow one finds."""
        for workflow in self.site.workflows:
            last = workflow.training_runs.exclude(training_set=None).order_by("-pk").first()
            if last is not None:
                quick = touched_since(workflow, last.training_set, ENOUGH)
                assert quick >= labels_since(workflow), workflow

    def check_settled(self):
        """After some days without faults the champion has scored all, consensus and queue know it, nothing is open."""
        assert not any(model.objects.open().exists() for model in JOBS)
        for champion in self.champions:
            if "nan" in champion.manifest.get("quality", "") or champion.is_external:
                continue
            assert {key for model, key in self.scored if model == champion.pk} == set(self.subjects), champion
            said = dict(Score.objects.filter(checkpoint=champion).values_list("subject", "p_real"))
            for row in Consensus.objects.all():
                assert row.p_model == said[row.subject_id], row
            assert not QueueEntry.objects.filter(is_gold=False, is_retired=False, reason="new").exists()
