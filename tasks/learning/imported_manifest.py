"""The manifest of a model from elsewhere, as its row keeps it: pages and later trainings rely on what it says."""

import re
from numbers import Real
from typing import Any

from ml.evaluation.classifier import jsonable
from ml.io.message import to_json

MOST_CLASSES = 1000
LONGEST_NAME = 100
FEATURE_KEY = re.compile(r"[0-9a-f]{0,64}|none")
"""It names a folder of stored features; detectors have none."""

Kinds = dict[str, type | tuple[type, ...]]
REQUIRED: Kinds = {"role": str, "architecture": str, "feature_key": str, "classes": list, "positive": list}
OPTIONAL: Kinds = {"preset": str, "init": str, "threshold": Real, "unlabelled": int, "compute": dict, "notes": list}
OF_COMPUTE: Kinds = {"threads": int, "samples_per_second": (Real, type(None)), "precision": str, "memory_format": str}


def read_manifest(said: dict[str, Any]) -> dict[str, Any]:
    """Return what can be stored of a manifest, with its notes as text.

    Raises ValueError, with the entry's name, if an entry that is read later is not of its kind. Raises KeyError if one
    is missing.
    """
    manifest: dict[str, Any] = _storable(jsonable(said))
    _check_kinds(REQUIRED, {name: manifest[name] for name in REQUIRED})
    _check_kinds(OPTIONAL, manifest)
    _check_kinds(OF_COMPUTE, manifest.get("compute", {}))
    names = [*manifest["classes"], *manifest["positive"]]
    is_class = [isinstance(name, str) and 0 < len(name) <= LONGEST_NAME for name in names]
    if not all(is_class) or len(manifest["classes"]) > MOST_CLASSES:
        raise ValueError("classes")
    if len(set(manifest["classes"])) < len(manifest["classes"]):
        raise ValueError("classes")
    if not FEATURE_KEY.fullmatch(manifest["feature_key"]):
        raise ValueError("feature_key")
    return manifest | {"notes": [note if isinstance(note, str) else str(note) for note in manifest.get("notes", [])]}


def _check_kinds(kinds: Kinds, said: dict[str, Any]) -> None:
    for name, kind in kinds.items():
        if name in said and not isinstance(said[name], kind):
            raise ValueError(name)


def _storable(value: Any) -> Any:
    """Return JSON as the database can hold it: without NUL and lone surrogates, and with texts of bounded length."""
    if isinstance(value, dict):
        return {to_json(name): _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else to_json(value)
