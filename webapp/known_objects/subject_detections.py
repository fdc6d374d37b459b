"""The detections of subjects as a table, with the places of their observers."""

import numpy as np
import pandas as pd
from django.db.models import Q, Value
from numpy.typing import NDArray

from ml.io.observer_place import FIRST_COLUMNS, observer_place, observer_velocity
from ml.sky.detection_table import OBSERVER, OBSERVER_VELOCITY, from_table
from ml.sky.detections import Detections
from webapp.archive.models import Frame, Kind, Subject
from webapp.known_objects.models import SEARCHED
from webapp.known_objects.trails_and_tracks import track_rows, trail_rows


def detections_of(keys: list[int], observatory: str) -> tuple[Detections, NDArray[np.int64]]:
    """Return the detections of some subjects and the subject of each: its frames, or its own place without any.

    Those of a cutout are its trails, and those of a cube its tracks. The manifest's place and velocity of a spacecraft
    count before the `observatory`.
    """
    placed = Q(mjd_mid__isnull=False, ra__isnull=False, dec__isnull=False)
    every = Subject.objects.filter(pk__in=keys)
    subjects = every.exclude(kind__in=SEARCHED)
    frames = Frame.objects.filter(placed, subject__in=subjects)
    rows = list(frames.values_list("subject_id", "position", "mjd_mid", "ra", "dec", "rms_ra", "rms_dec", "snr"))
    framed = {row[0] for row in rows}
    own = subjects.exclude(pk__in=framed).filter(mjd__isnull=False, ra__isnull=False, dec__isnull=False)
    rows += [(*row, None, None, None) for row in own.values_list("pk", Value(0), "mjd", "ra", "dec")]
    rows += trail_rows(list(every.filter(kind=Kind.CUTOUT).values_list("pk", flat=True)))
    rows += track_rows(list(every.filter(kind=Kind.CUBE).values_list("pk", flat=True)))
    table = pd.DataFrame(rows, columns=["tracklet", "position", "mjd", "ra", "dec", "rms_ra", "rms_dec", "snr"])
    table["observatory"] = observatory
    with_places = every.filter(metadata__has_any_keys=FIRST_COLUMNS)
    given = dict(with_places.values_list("pk", "metadata"))
    for columns, vector in ((OBSERVER, observer_place), (OBSERVER_VELOCITY, observer_velocity)):
        table[list(columns)] = np.array([vector(given.get(row[0], {}), row[1]) for row in rows]).reshape(-1, 3)
    return from_table(table), table["tracklet"].to_numpy(dtype=np.int64)
