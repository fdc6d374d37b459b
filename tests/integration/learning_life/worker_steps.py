"""Steps of workers and their broker: messages delivered, doubled and lost, deaths, the schedule, and what it leaves."""

from functools import partial

from django.db.models.functions import Now

from tasks import housekeeping
from webapp.core.jobs import LEASE
from webapp.learning.models import Checkpoint, FirstBatch, ScoringRun, ScoringShard, TrainingRun
from webapp.learning.promotion import champion_of, promote
from webapp.learning.retention import delete_left_checkpoints, delete_lost_imports
from webapp.learning.scoring import score_unscored

QUALITIES = [0.0, 0.3, 0.5, 0.7, 1.0, 2.0, float("nan")]
MEANWHILE = (
    "overtake",
    "promote_own",
    "promote_own",
    "promote",
    "roll_back",
    "cancel",
    "freeze",
    "vote",
    "arrive",
    "sweep",
)
JOBS = (TrainingRun, ScoringRun, ScoringShard, FirstBatch)


class WorkerSteps:
    def deliver(self):
        """Let a worker take a message, which perhaps comes again; while it works, somebody does something else."""
        if not self.site.messages:
            return
        message = self.site.messages.pop(self.chance.randrange(len(self.site.messages)))
        self.site.messages += [message] * (self.chance.random() < 0.2)
        self.site.dies_at = self.chance.choice([0, 0, *range(1, 15)])
        if self.chance.random() < 0.7:
            self.site.acts_at = self.chance.randint(1, 10)
            self.site.meanwhile = partial(self.interfere, self.chance.choice(MEANWHILE), message)
        self.work(message)

    def work(self, message):
        self.site.quality = self.chance.choice(QUALITIES)
        self.site.work(*message)

    def interfere(self, what, message, row):
        """Do something while a job is at work; return whether it could be done."""
        own = Checkpoint.objects.filter(run=row.pk) if isinstance(row, TrainingRun) else Checkpoint.objects.none()
        if what == "promote_own" and not own:
            return False
        self.done.append(f"meanwhile {what}")
        if what == "overtake":
            type(row).objects.filter(pk=row.pk).update(lease_until=Now() - LEASE)
            self.work(message)
        elif what == "promote_own":
            promote(checkpoint=own[0], by=self.site.admin, reason="By hand.")
        else:
            getattr(self, what)()
        return True

    def work_off(self):
        while self.site.messages:
            self.work(self.site.messages.pop(0))

    def train(self):
        """Train on new votes, and score; a worker that dies has a successor."""
        self.vote()
        self.start()
        self.deliver()
        if self.chance.random() < 0.7:
            self.site.pass_time(hours=1)
            self.sweep()
            self.work_off()

    def lose_messages(self):
        self.site.messages.clear()

    def wait(self):
        self.site.pass_time(hours=self.chance.choice([0.1, 1, 25, 60]))

    def sweep(self):
        housekeeping.sweep()

    def schedule(self):
        housekeeping.retrain()

    def clean_up(self):
        delete_left_checkpoints()
        delete_lost_imports()

    def break_disk(self):
        self.site.is_broken = self.chance.random() < 0.3

    def leave_scorer(self):
        self.site.is_away = self.chance.random() < 0.3

    def settle(self):
        """Let everything work for some days; whatever happened before, all jobs end, and the archive is scored."""
        self.site.heal()
        self.site.is_broken = self.site.is_away = False
        housekeeping.retrain()
        self.end_all_jobs()
        champion = champion_of(self.site.survey, "tracklet")
        if champion is not None:
            score_unscored(champion, given_up=True)
            self.end_all_jobs()

    def end_all_jobs(self):
        for _ in range(12):
            self.site.pass_time(hours=1)
            housekeeping.sweep()
            self.work_off()
            if not any(model.objects.open().exists() for model in JOBS):
                return
        raise AssertionError([list(model.objects.open()) for model in JOBS])
