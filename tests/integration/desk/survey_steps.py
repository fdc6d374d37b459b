"""Steps of admins and workers: orbits, settings, sets, models, retention."""

from contextlib import suppress

import numpy as np
from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tasks.jobs import match_known
from tests.integration.desk.oracle import Oracle, check_orbits
from tests.integration.desk.small_survey import LATE, SmallSurvey, use_orbits
from tests.integration.world import recount
from webapp.archive.models import Subject, SubjectSet
from webapp.archive.survey_settings import change_survey
from webapp.consensus.models import Consensus
from webapp.consensus.recompute import catch_up_all
from webapp.core.jobs import JobState
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.known_objects.rule_out import rule_out, take_back
from webapp.known_objects.start_match import start_match, unchecked
from webapp.learning.curate_labels import curate
from webapp.learning.promotion import NoEarlierChampion, promote, rollback
from webapp.learning.scores import write_scores
from webapp.queue.membership import add_to_set, enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import new_run
from webapp.workflow_settings.change_workflow import change_workflow
from webapp.workflows.models import Workflow

numbers = st.sampled_from([0, 0, 3, 3, *range(1, LATE + 1)])
which = st.integers(0, 1)
CLASSES = [
    (["AST", "COMET", "CR"], ["AST", "COMET"]),
    (["AST", "CR"], ["AST"]),
    (["AST", "COMET", "CR"], ["AST"]),
    (["AST", "COMET", "CR", "NEO"], ["AST", "COMET", "NEO"]),
]


class SurveySteps:
    world: SmallSurvey

    @rule(version=st.integers(0, 2))
    def load(self, version):
        use_orbits(version)

    @precondition(lambda self: OrbitCatalogue.objects.exists())
    @rule()
    def compare(self):
        job = start_match(self.world.survey, by=None)
        match_known(job.pk)
        match_known(job.pk)
        job.refresh_from_db()
        assert job.state == JobState.DONE, job.error
        assert not unchecked(self.world.workflow(0).survey, OrbitCatalogue.objects.first()).exists()
        check_orbits(Oracle(self.world))

    @precondition(lambda self: KnownMatch.objects.exists())
    @rule(place=st.integers(0, 3), is_out=st.booleans())
    def rule_out(self, place, is_out):
        matches = list(KnownMatch.objects.order_by("subject", "designation"))
        match = matches[place % len(matches)]
        rule_out(match=match, by=self.world.scientists[0]) if is_out else take_back(match=match)

    @rule(workflow=which, asks=st.booleans())
    def make_known_gold(self, workflow, asks):
        of = self.world.workflow(workflow)
        change_workflow(workflow=of, subject_sets=list(of.subject_sets.all()), by=None, known_objects_are_gold=asks)

    @rule(workflow=which, names=st.sampled_from([["all"], ["all", "late"], ["late"]]))
    def use_sets(self, workflow, names):
        of = self.world.workflow(workflow)
        sets = [SubjectSet.objects.get_or_create(survey=of.survey, name=name)[0] for name in names]
        change_workflow(workflow=of, subject_sets=sets, by=None)

    @rule(number=numbers, name=st.sampled_from(["all", "late"]))
    def put_into_set(self, number, name):
        add_to_set(self.world.survey, name, [self.world.subjects[number].pk])

    @rule(code=st.sampled_from(["", "T05"]))
    def observe_from(self, code):
        change_survey(survey=self.world.survey, observatory=code)

    @rule(classes=st.sampled_from(CLASSES))
    def change_classes(self, classes):
        with suppress(ValidationError):  # a class is in use
            change_survey(survey=self.world.survey, classes=classes[0], positive=classes[1])

    @rule(model=which, p=st.lists(st.floats(0, 1), min_size=9, max_size=9))
    def score(self, model, p):
        keys = np.array([row.pk for row in self.world.subjects])
        checkpoint = self.world.checkpoints[model]
        write_scores(checkpoint.pk, keys, np.array(p)[:, None], np.array(p))
        checkpoint.refresh_from_db()
        self.world.refreshed = set(keys.tolist()) if checkpoint.is_champion else self.world.refreshed

    @rule(model=which, by_rollback=st.booleans())
    def lead(self, model, by_rollback):
        self.world.refreshed = set()
        checkpoint = self.world.checkpoints[model]
        checkpoint.refresh_from_db()
        if not by_rollback:
            promote(checkpoint=checkpoint, by=None, reason="")
            return
        with suppress(NoEarlierChampion):
            rollback(survey=self.world.survey, role=checkpoint.role, by=None)

    @rule(workflow=which)
    def snapshot(self, workflow):
        of = self.world.workflow(workflow)
        assert curate(of).pk == curate(of).pk

    @rule()
    def repair(self):
        """Do what workers do again and again; the second time changes nothing."""
        self.work_through()
        before = self.state()
        self.work_through()
        assert self.state() == before

    def work_through(self):
        catch_up_all()
        for workflow in Workflow.objects.filter(survey=self.world.survey):
            recount(workflow)
            enqueue_subjects(workflow)
        if OrbitCatalogue.objects.exists():
            self.compare()

    @staticmethod
    def state():
        columns = {
            Subject: ["gold_label", "gold_source", "object_group"],
            QueueEntry: ["is_gold", "is_retired", "open_slots"],
            Consensus: ["posterior", "p_model", "is_retired", "retired_reason", "retired_at"],
            IdentityCheck: ["candidates", "unmatched", "checked_at"],
        }
        return [list(model.objects.order_by("pk").values_list("pk", *names)) for model, names in columns.items()]

    @rule()
    def drop_bogus(self):
        for _ in range(2):
            run = new_run(survey=self.world.survey, by=None, dry_run=False)
            drop_pixels(RetentionRun.objects.claim(run.pk))
        for row in Subject.objects.filter(pixels_dropped_at__isnull=False):
            assert not row.gold_label
            assert not row.rulings.exists()
            assert not QueueEntry.objects.filter(subject=row, is_retired=False).exists()
