"""Subjects that look like another to the survey's champion: the nearest in its stored features."""

import numpy as np
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ml.storage.pixel_store import PixelStore
from webapp.archive.blinding import blind_names
from webapp.archive.models import Subject
from webapp.community.talk_index import may_read
from webapp.core.fragments import fragment_of
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import Checkpoint
from webapp.learning.promotion import champion_of
from webapp.volunteers.identity import reader_of

WINDOW = 1024
"""Subjects compared on either side, as stored: reading the features of a whole archive would take minutes."""

SHOWN = 8
REMEMBERED = 3600  # seconds


@require_safe
@fragment_of("subject", "pk")
def similar(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Return the part of a subject's page with similar ones, to whoever may read about it."""
    row = get_object_or_404(Subject.objects.select_related("survey"), survey__slug=slug, pk=pk)
    subjects = similar_subjects(row) if may_read(request.user, reader_of(request), row) else []
    blind_names(subjects, request.user)
    return render(request, "learning/similar.html", {"survey": row.survey, "subjects": subjects})


def similar_subjects(subject: Subject) -> list[Subject]:
    """Return the most similar subjects among those ingested around it, nearest first; none without stored features."""
    role = ROLE_OF_KIND[subject.kind]
    champion = None if role.is_detector else champion_of(subject.survey, role)
    if champion is None or not champion.manifest.get("feature_key"):
        return []
    key = f"similar-{champion.pk}-{subject.pk}"
    nearest = cache.get(key)
    if nearest is None:
        nearest = _nearest(subject, champion)
        if nearest:  # else the champion has yet to score it
            cache.set(key, nearest, REMEMBERED)
    rows = Subject.objects.filter(survey=subject.survey, zarr_array=subject.zarr_array, zarr_index__in=nearest)
    rows = rows.with_pixels()
    return sorted(rows.select_related("survey"), key=lambda row: nearest.index(row.zarr_index))


def _nearest(subject: Subject, champion: Checkpoint) -> list[int]:
    """Return the places in the store with the highest cosine similarity of features, averaged over frames."""
    store, array = PixelStore(settings.PIXELS), subject.zarr_array
    first = max(0, subject.zarr_index - WINDOW)
    last = min(store.length(subject.survey.slug, array), subject.zarr_index + WINDOW)
    try:
        stored = store.features(subject.survey.slug, array, champion.manifest["feature_key"], first, last)
    except FileNotFoundError:
        return []
    values = stored.astype(np.float32).mean(axis=1)
    values /= np.linalg.norm(values, axis=1, keepdims=True) + 1e-9
    likeness = values @ values[subject.zarr_index - first]
    likeness[subject.zarr_index - first] = np.nan
    order = np.argsort(-likeness)[:SHOWN]
    return [first + int(place) for place in order if np.isfinite(likeness[place])]
