"""A version of an external scorer, with what a loaded model offers: it is asked in batches of bounded size."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from ml.storage.pixel_store import PixelStore
from webapp.archive.blinding import shown
from webapp.archive.models import Frame, Subject
from webapp.learning import messages
from webapp.learning.external_scorers import Answer, ExternalScorerFailed, ask
from webapp.learning.models import Checkpoint, ExternalScorer, Preset, TrainingRun

AT_ONCE = 64
"""Maximum subjects of a request."""

MOST_BYTES = 8 * 2**20
"""Maximum bytes of pixels in a request of several subjects."""

MOST_OF_ONE = 64 * 2**20
"""Maximum bytes of one subject's pixels."""

FIELDS = ("mjd_mid", "exptime", "band", "ra", "dec", "mag", "snr")


class ExternalModel:
    """Scores subjects as a `Scorer` does, by asking; another version than the checkpoint's is refused."""

    classes = ("no", "yes")
    positive = ("yes",)

    def __init__(self, checkpoint: Checkpoint) -> None:
        scorer = checkpoint.run.scorer
        if scorer is None:
            raise ValueError(f"{checkpoint} is not a version of an external scorer.")
        self.scorer, self.version = scorer, str(checkpoint.manifest["version"])
        self.survey, self.kind = checkpoint.survey.slug, checkpoint.kind

    def probabilities(
        self, array: str, subjects: Sequence[int], indexes: NDArray[np.int64], report: Callable[[], None]
    ) -> NDArray[np.float32]:
        """Return probabilities (n, 2) of no and yes of the subjects at `indexes` of one pixel array.

        `report` is called after each request.
        """
        store, parts = PixelStore(settings.PIXELS), [np.zeros(0, dtype=np.float32)]
        at_once = _at_once(store, self.survey, array, indexes)
        for first in range(0, len(indexes), at_once):
            part = slice(first, first + at_once)
            pixels = np.stack([store.get(self.survey, array, int(index)) for index in indexes[part]])
            self.scorer.refresh_from_db(fields=["address", "secret"])  # an admin may have revoked it meanwhile
            answer = ask(self.scorer, self.kind, described(subjects[part]), pixels)
            if answer.version != self.version:
                raise ExternalScorerFailed(messages.OTHER_VERSION(now=answer.version, before=self.version))
            parts.append(answer.p_real)
            report()
        yes = np.concatenate(parts)
        return np.stack([1 - yes, yes], axis=1)

    def p_real(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability (n,) of being real."""
        return probabilities[:, 1]


def _at_once(store: PixelStore, survey: str, array: str, indexes: NDArray[np.int64]) -> int:
    if not len(indexes):
        return 1
    size = store.get(survey, array, int(indexes[0])).nbytes
    if size > MOST_OF_ONE:
        raise ExternalScorerFailed(messages.SUBJECT_TOO_LARGE(size=size >> 20, most=MOST_OF_ONE >> 20))
    return max(1, min(AT_ONCE, MOST_BYTES // size))


def described(subjects: Sequence[int]) -> list[dict[str, Any]]:
    """Return what a scorer is told of subjects, in order: name, metadata and frames, and nothing of their class."""
    keys = [int(key) for key in subjects]
    frames: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in Frame.objects.filter(subject__in=keys).order_by("position").values("subject_id", *FIELDS):
        frames[row.pop("subject_id")].append(row)
    rows = Subject.objects.in_bulk(keys)
    return [
        {
            "id": key,
            "external_id": rows[key].external_id,
            "metadata": shown(rows[key].metadata),
            "frames": frames[key],
        }
        for key in keys
    ]


def meet(row: TrainingRun, scorer: ExternalScorer) -> Checkpoint:
    """Ask the scorer about one subject, and store the version that answers as a model without files.

    Raises
    ------
    ExternalScorerFailed
        If it gives no usable answer, or there is no subject to ask about.
    """
    answer = _first_answer(row, scorer)
    digest = hashlib.sha256(f"{scorer.address}\0{answer.version}".encode()).hexdigest()
    manifest = {
        "role": row.role,
        "preset": Preset.EXTERNAL,
        "classes": list(ExternalModel.classes),
        "positive": list(ExternalModel.positive),
        "scorer": scorer.name,
        "version": answer.version,
    }
    return Checkpoint.objects.of_run(row, folder="", sha256=digest, manifest=manifest)


def _first_answer(row: TrainingRun, scorer: ExternalScorer) -> Answer:
    subject = (
        Subject.objects.observed()
        .with_pixels()
        .filter(survey=row.survey, kind=row.workflow.kind)
        .order_by("pk")
        .first()
    )
    if subject is None:
        raise ExternalScorerFailed(messages.NOTHING_TO_ASK())
    store, index = PixelStore(settings.PIXELS), np.array([subject.zarr_index])
    _at_once(store, row.survey.slug, subject.zarr_array, index)
    pixels = store.get(row.survey.slug, subject.zarr_array, subject.zarr_index)[None]
    return ask(scorer, row.workflow.kind, described([subject.pk]), pixels)
