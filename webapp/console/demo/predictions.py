"""What a model says of subjects that it has not seen, by external id: the one honest way to measure it."""

from collections.abc import Callable

from webapp.console.demo.stage import UNTOUCHED
from webapp.learning import cross_validated
from webapp.learning.models import Checkpoint, Score

Predict = Callable[[Checkpoint], dict[str, float]]


def of_untouched(checkpoint: Checkpoint) -> dict[str, float]:
    """Return p_real of the subjects that no volunteer and no training ever saw."""
    untouched = Score.objects.filter(checkpoint=checkpoint, subject__sets__name=UNTOUCHED)
    return dict(untouched.values_list("subject__external_id", "p_real"))


def of_everything(checkpoint: Checkpoint) -> dict[str, float]:
    """Return p_real of all subjects: of labels, by heads trained without them (cross-validated); of others, as scored.

    For a survey too small to leave a part of it untouched.
    """
    unseen = cross_validated.read(checkpoint)
    scores = Score.objects.filter(checkpoint=checkpoint).values_list("subject_id", "subject__external_id", "p_real")
    return {external_id: unseen.get(subject, p_real) for subject, external_id, p_real in scores}
