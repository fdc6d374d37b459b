"""Fingerprints of rows, by which a page that saves knows whether somebody has changed one since it was opened."""

import hashlib
import json
from collections.abc import Iterable

from django.db import models


class ChangedMeanwhile(Exception):
    """Somebody else has changed the row since it was read; nothing is stored."""


def fingerprint(row: models.Model, columns: Iterable[str], *besides: object) -> str:
    """Return a hash of some columns of a row, by their `attname`, and of what belongs to it besides."""
    values = [getattr(row, name) for name in sorted(columns)]
    return hashlib.blake2b(json.dumps([values, besides], default=str).encode(), digest_size=16).hexdigest()
