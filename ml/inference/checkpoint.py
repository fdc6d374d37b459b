"""A checkpoint: a trained model as a folder with weights.safetensors and manifest.json, never a pickle."""

import datetime
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor

FAMILY = "wanderers-checkpoint-"
FORMAT = f"{FAMILY}1"
WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"
REQUIRED = ("role", "classes", "positive", "architecture", "preprocessing", "feature_key")


class BadCheckpoint(ValueError):
    """Not a checkpoint, a damaged one, or a folder that can't become one; the message says what to do."""


class NoCheckpoint(BadCheckpoint):
    """The folder, or one of its files, is missing."""


class DamagedWeights(BadCheckpoint):
    """The weights are truncated, or are no such file."""


class OtherWeights(BadCheckpoint):
    """Weights and manifest are not of one model, or somebody has changed one of them."""


@dataclass
class Checkpoint:
    """Weights and their metadata.

    `manifest` has role, classes, positive, architecture, init, preset, preprocessing, feature_key, training_set,
    code_version, seed, metrics, created. `tensors` has ``stamp.weight`` and ``stamp.bias``; a tracklet role also has
    ``tracklet.*``, and any backbone that is not the packaged one ``backbone.*``.
    """

    manifest: dict[str, Any]
    tensors: dict[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors under `prefix`, with the prefix removed."""
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}

    def save(self, folder: Path | str) -> str:
        """Write the checkpoint as `folder`, completely or not at all, and return its SHA-256.

        An earlier checkpoint of that name is replaced.

        Raises BadCheckpoint if something else exists there; see `check_place`.
        """
        check_place(folder)
        folder = Path(folder)
        weights = write_tensors({name: value.contiguous().cpu() for name, value in self.tensors.items()})
        manifest = {**self.manifest, "format": FORMAT}
        manifest["sha256"] = _digest(manifest, weights)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            (fresh / WEIGHTS).write_bytes(weights)
            (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
            _put(fresh, folder, Path(temporary) / "old")
        return str(manifest["sha256"])

    @classmethod
    def load(cls, folder: Path | str) -> "Checkpoint":
        """Read and verify a checkpoint.

        Raises BadCheckpoint if the folder or a file is missing, is not ours, or does not match its checksum.
        """
        folder = Path(folder)
        manifest = _manifest(folder)
        try:
            weights = (folder / WEIGHTS).read_bytes()
            tensors = read_tensors(weights)
        except FileNotFoundError:
            raise NoCheckpoint(f"{folder} has no {WEIGHTS}. Copy the whole checkpoint folder again.") from None
        except SafetensorError as error:
            raise DamagedWeights(f"{folder / WEIGHTS} is damaged ({error}). Copy the checkpoint again.") from error
        if _digest(manifest, weights) != manifest.get("sha256"):
            raise OtherWeights(
                f"{folder} does not match its own checksum: it was changed or truncated after it was written."
                " Nothing was loaded. Copy the checkpoint again, or train a new one."
            )
        return cls(manifest, tensors)


def check_place(folder: Path | str) -> None:
    """Check that a checkpoint can be saved as `folder`: it does not exist, or can be replaced. Make its parent.

    Raises BadCheckpoint if it is neither an empty folder nor one with a checkpoint, of any version, even a damaged one;
    or nothing can be written beside it.
    """
    folder = Path(folder)
    if os.path.lexists(folder) and not _may_go(folder):
        raise BadCheckpoint(
            f"{folder} exists and is not a checkpoint; saving would overwrite it. Choose another --out."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder.parent).close()
    except OSError as error:
        raise BadCheckpoint(f"Nothing can be written to {folder.parent} ({error}). Choose another --out.") from error


def _may_go(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        return not any(folder.iterdir())
    except ValueError:
        return False
    return isinstance(manifest, dict) and str(manifest.get("format")).startswith(FAMILY)


def _put(fresh: Path, folder: Path, aside: Path) -> None:
    """Move a fresh folder into place, and the old one out of the way; undo if that fails."""
    if folder.exists():
        os.replace(folder, aside)
    try:
        os.replace(fresh, folder)
    except OSError:
        if aside.exists():
            os.replace(aside, folder)
        raise


def _digest(manifest: dict[str, Any], weights: bytes) -> str:
    stored = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode() + b"\0" + weights).hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise NoCheckpoint(f"{folder} is not a checkpoint: it has no {MANIFEST}.") from None
    except ValueError as error:
        raise BadCheckpoint(f"{path} is not JSON ({error}). Copy the checkpoint again.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadCheckpoint(f"{path} is not a Wanderers checkpoint of the kind this version reads ({FORMAT}).")
    missing = [key for key in REQUIRED if key not in manifest]
    if missing:
        raise BadCheckpoint(f"{path} lacks {', '.join(missing)}. Train the model again.")
    return manifest


def origin() -> dict[str, str]:
    """Return what every manifest says of how it came about: the code's version, and the time in UTC."""
    now = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
    return {"code_version": code_version(), "created": now.isoformat(timespec="seconds")}


@cache
def code_version() -> str:
    """Return 12 hex digits that hash the science library's source files."""
    digest = hashlib.blake2b(digest_size=6)
    room = Path(__file__).parents[1]
    for path in sorted(room.rglob("*.py")):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
