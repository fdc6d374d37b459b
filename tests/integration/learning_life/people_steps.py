"""Steps of people: votes, verdicts, trainings, promotions, test sets, links and external scorers."""

from contextlib import suppress

from django.core.exceptions import ValidationError
from django.db import transaction

from webapp.core.jobs import AnotherOpen, JobState
from webapp.learning import models as rows
from webapp.learning.comparison import score_archive
from webapp.learning.external_scorers import ExternalScorerFailed, evaluate_scorer, register_scorer, revoke_scorer
from webapp.learning.models import Checkpoint, ExternalScorer, TrainingRun
from webapp.learning.promotion import NoEarlierChampion, promote, rollback
from webapp.learning.test_sets import NothingNew, TooLittleGold, freeze
from webapp.learning.triggers import AlreadyTraining, start_training
from webapp.linking.linked_objects import merge
from webapp.linking.models import Decision, Proposal
from webapp.review.opinions import give_verdict, withdraw_verdict

ROLE = "tracklet"
PRESETS = ["head", "head", "head", "small", "finetune"]


class PeopleSteps:
    def vote(self):
        said = self.chance.choice(["yes", "no"])
        for number in self.chance.sample(range(len(self.site.subjects)), self.chance.randint(1, 8)):
            self.site.vote(number, self.chance.randrange(2), said)

    def give_verdicts(self):
        verdict = self.chance.choice(["yes", "no"])
        given = {"workflow": self.any_workflow(), "scientist": self.site.admin, "verdict": verdict}
        for _ in range(self.chance.randint(1, 6)):
            with suppress(ValidationError):
                give_verdict(subject=self.any_subject(), **given)

    def withdraw_verdict(self):
        withdraw_verdict(subject=self.any_subject(), workflow=self.any_workflow(), scientist=self.site.admin)

    @transaction.atomic
    def link(self):
        place = {"mjd": 60000.0, "ra": 1.0, "dec": 1.0, "rate": 1.0, "position_angle": 1.0, "misfit": 1.0}
        proposal = Proposal.objects.create(run=self.site.links, decision=Decision.CONFIRMED, **place)
        proposal.members.set([self.any_subject(), self.any_subject()])
        merge(self.site.survey, proposal)

    def arrive(self):
        self.site.arrive(self.chance.randint(1, 6))

    def start(self):
        asked = {"preset": self.chance.choice(PRESETS), "is_control": self.chance.random() < 0.2}
        with suppress(AlreadyTraining):
            start_training(workflow=self.any_workflow(), by=self.site.admin, seed=self.chance.randrange(4), **asked)

    def cancel(self):
        for run in self.one_of(TrainingRun.objects.open()):
            run.request_cancel()

    def promote(self):
        for model in self.one_of(Checkpoint.objects.all()):
            promote(checkpoint=model, by=self.site.admin, reason="By hand.")

    def roll_back(self):
        with suppress(NoEarlierChampion):
            rollback(survey=self.site.survey, role=ROLE, by=self.site.admin)

    def freeze(self):
        with suppress(NothingNew, TooLittleGold):
            freeze(survey=self.site.survey, kind=ROLE)

    def score_archive(self):
        for model in self.one_of(Checkpoint.objects.exclude(run__preset="external")):
            score_archive(model, self.site.admin)

    def retry(self):
        kind = self.chance.choice([rows.TrainingRun, rows.ScoringRun, rows.ScoringShard, rows.FirstBatch])
        for job in self.one_of(kind.objects.filter(state=JobState.FAILED)):
            with suppress(AnotherOpen):
                job.retry()

    def register_scorer(self):
        asked = {"address": "https://scorer.example.org/ask", "secret": self.chance.choice("ab") * 16}
        with suppress(AlreadyTraining):
            register_scorer(workflow=self.any_workflow(), name="Elsewhere", by=self.site.admin, **asked)

    def evaluate_scorer(self):
        self.site.version = self.chance.choice(["one", "two"])
        for scorer in self.one_of(ExternalScorer.objects.all()):
            with suppress(AlreadyTraining, ExternalScorerFailed):
                evaluate_scorer(scorer, by=self.site.admin)

    def revoke_scorer(self):
        for scorer in self.one_of(ExternalScorer.objects.all()):
            revoke_scorer(scorer)

    def any_subject(self):
        return self.site.fresh(self.chance.randrange(len(self.site.subjects)))

    def any_workflow(self):
        return self.site.workflow(self.chance.randrange(2))

    def one_of(self, found):
        """Return one row, a newer one more often; none where there is none."""
        found = list(found.order_by("-pk"))
        return [found[min(self.chance.randrange(len(found)) for _ in range(2))]] if found else []
