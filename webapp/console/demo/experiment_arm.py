"""One arm of the experiment: votes, training, scores, and its outcome on subjects the model has not seen."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from ml.evaluation.classifier import bootstrap_difference
from ml.evaluation.metrics.bootstrap import bootstrap, interval
from ml.evaluation.metrics.ranking import pr_auc, rank, roc_auc
from webapp.archive.models import Survey
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.console.demo.config import Truth
from webapp.console.demo.progress import Progress, wait_for, wait_until
from webapp.console.demo.setup import UNTOUCHED
from webapp.console.demo.simulated_crowd import Crowd
from webapp.learning.models import Checkpoint, Score, ScoringRun, TrainingRun
from webapp.learning.scores import read_out_of_fold
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training
from webapp.workflows.models import Workflow

TRAINING_SECONDS = 1800.0
SCORING_SECONDS = 1800.0
DRAWS = 400  # of the bootstrap


Predict = Callable[[Checkpoint], dict[str, float]]


def of_untouched(checkpoint: Checkpoint) -> dict[str, float]:
    """Return p_real of the subjects that no volunteer and no training run ever saw."""
    untouched = Score.objects.filter(checkpoint=checkpoint, subject__sets__name=UNTOUCHED)
    untouched = untouched.order_by("subject__external_id")  # the bootstrap draws rows by their places
    return dict(untouched.values_list("subject__external_id", "p_real"))


def of_everything(checkpoint: Checkpoint) -> dict[str, float]:
    """Return p_real of all subjects: cross-validated for labelled ones, the scores for others.

    For a survey too small to leave a part of it untouched.
    """
    unseen = read_out_of_fold(checkpoint)
    rows = Score.objects.filter(checkpoint=checkpoint, subject__is_synthetic=False).order_by("subject__external_id")
    scores = rows.values_list("subject_id", "subject__external_id", "p_real")
    return {external_id: unseen.get(subject, p_real) for subject, external_id, p_real in scores}


@dataclass(frozen=True)
class Outcome:
    """The results of one round of one arm, measured against the truth that the loop never sees.

    In both arms the model is the one trained in this round; `is_champion` says whether it is the survey's champion now.
    `movers_found` are real subjects, gold aside, that the volunteers have retired as real. Intervals are of 95 %, by a
    bootstrap over subjects: those that have votes for what was found, those that are scored for the model. `ahead` says
    how much larger the ROC AUC is than the control arm's, on the same subjects, with its interval; the control arm, and
    a survey without one, have None.
    """

    round: int
    labels: int
    votes: int
    movers_found: int
    movers_found_interval: tuple[float, float]
    movers_per_100_votes: float
    movers_per_100_votes_interval: tuple[float, float]
    consensus_accuracy: float
    model_precision: float
    model_precision_interval: tuple[float, float]
    model_auc: float
    model_auc_interval: tuple[float, float]
    is_champion: bool
    verdict: str
    ahead: tuple[float, float, float] | None = None


@dataclass
class Arm:
    """A workflow with its crowd. A control arm's models never become champion."""

    workflow: Workflow
    crowd: Crowd
    truth: Truth
    is_control: bool
    seed: int
    predict: Predict
    predicted: dict[str, float] = field(default_factory=dict, init=False)

    @property
    def survey(self) -> Survey:
        return self.workflow.survey

    def collect(self, votes: int, progress: Progress) -> None:
        progress.begin(f"{self.workflow.name}: simulated volunteers answer", votes)
        self.crowd.collect(votes, progress.advance)

    def train(self) -> TrainingRun:
        """Start a training run on all labels so far."""
        return start_training(
            workflow=self.workflow,
            seed=self.seed,
            is_control=self.is_control,
            cross_validate=self.predict is of_everything,
            by=None,
        )

    def finish(self, number: int, run: TrainingRun, progress: Progress) -> Outcome:
        """Wait for training and scoring, then measure."""
        progress.begin(f"{self.workflow.name}: training round {number}", None)
        wait_for(run, TRAINING_SECONDS, progress.follow)
        run.refresh_from_db()
        checkpoint = run.checkpoint
        progress.begin(f"{self.workflow.name}: scoring round {number}", None)
        self._wait_for_scores(checkpoint)
        return self._measure(number, run, checkpoint)

    def _wait_for_scores(self, checkpoint: Checkpoint) -> None:
        runs = ScoringRun.objects.filter(checkpoint=checkpoint)
        if not runs.exists():
            start_scoring(checkpoint)
        wait_until(lambda: not runs.filter(finished_at=None).exists(), SCORING_SECONDS, f"Scoring with {checkpoint}")

    def _measure(self, number: int, run: TrainingRun, checkpoint: Checkpoint) -> Outcome:
        self.predicted = self.predict(checkpoint)
        real, p_real = np.array(self.truth.is_real(self.predicted)), np.array(list(self.predicted.values()))
        keys, is_real, called_real = self._settled()
        found = set(keys[is_real & called_real].tolist())
        votes = self._votes()
        total = sum(votes.values())
        found_interval, rate_interval = found_intervals(votes, found)
        precision_interval, auc_interval = model_intervals(real, p_real)
        evaluation = checkpoint.evaluations.first()
        return Outcome(
            round=number,
            labels=run.training_set.size if run.training_set else 0,
            votes=total,
            movers_found=len(found),
            movers_found_interval=found_interval,
            movers_per_100_votes=100 * len(found) / max(1, total),
            movers_per_100_votes_interval=rate_interval,
            consensus_accuracy=float(np.mean(is_real == called_real)) if len(is_real) else float("nan"),
            model_precision=pr_auc(real, p_real),
            model_precision_interval=precision_interval,
            model_auc=roc_auc(real, p_real),
            model_auc_interval=auc_interval,
            is_champion=checkpoint.is_champion,
            verdict=evaluation.verdict if evaluation else "",
        )

    def _settled(self) -> tuple[NDArray[np.str_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return external ids, truth and consensus of the retired subjects (without gold): whether each is real."""
        settled = Consensus.objects.filter(workflow=self.workflow, is_retired=True, subject__gold_label="")
        rows = list(settled.values_list("subject__external_id", "posterior"))
        keys = [key for key, _ in rows]
        is_real = np.array(self.truth.is_real(keys), dtype=bool)
        return np.array(keys, dtype=str), is_real, np.array([posterior >= 0.5 for _, posterior in rows], dtype=bool)

    def _votes(self) -> dict[str, int]:
        """Return the number of votes by the external id of their subject."""
        votes = Classification.objects.standing().filter(workflow=self.workflow).values_list("subject__external_id")
        return dict(votes.annotate(Count("pk")).order_by("subject__external_id"))


def found_intervals(votes: dict[str, int], found: set[str]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the bootstrap intervals of 95 % of the movers found, and of those per 100 votes.

    Subjects are drawn with their votes, since asking about other ones would have found other movers.
    """
    if not votes:
        return (0.0, 0.0), (0.0, 0.0)
    counts, is_found = np.array(list(votes.values())), np.array([key in found for key in votes])

    def figures(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        movers = weights @ is_found
        return {"found": movers, "rate": 100 * movers / (weights @ counts)}

    draws = bootstrap(figures, np.arange(len(counts)), DRAWS)
    return interval(draws["found"]), interval(draws["rate"])


def model_intervals(
    real: NDArray[np.bool_], p_real: NDArray[np.float64]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the bootstrap intervals of 95 % of average precision and ROC AUC."""

    def figures(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        ranking = rank(real, p_real, weights)
        return {"precision": ranking.pr_auc(), "auc": ranking.roc_auc()}

    draws = bootstrap(figures, np.arange(len(real)), DRAWS)
    return interval(draws["precision"]), interval(draws["auc"])


def compared(outcome: Outcome, guided: Arm, control: Arm) -> Outcome:
    """Return the guided arm's outcome with its advantage in ROC AUC, on the subjects that both models have scored."""
    shared = sorted(guided.predicted.keys() & control.predicted.keys())
    ours, theirs = (np.array([arm.predicted[key] for key in shared]) for arm in (guided, control))
    ahead = bootstrap_difference(np.array(guided.truth.is_real(shared)), ours, theirs, n=DRAWS)
    return replace(outcome, ahead=ahead)
