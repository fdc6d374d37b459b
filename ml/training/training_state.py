"""The state of a training run after its last finished epoch, in one file, from which a killed run resumes."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ml.inference.checkpoint import code_version

LOG = logging.getLogger(__name__)
META = "state"  # key of the scalars, as JSON, in the file's metadata


@dataclass(frozen=True)
class State:
    """What a run needs to resume: tensors by name (weights, moments, generators), and scalars by name."""

    tensors: dict[str, Tensor]
    scalars: dict[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors under `prefix`, with the prefix removed."""
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}


def _silent(_: int) -> None:
    pass


@dataclass(frozen=True)
class StateFile:
    """Where a run keeps its state, as safetensors, never a pickle; its caller deletes it when the run ends.

    `on_resume` is called with the epoch at which the run resumes.
    """

    path: Path
    on_resume: Callable[[int], None] = _silent

    @property
    def partial(self) -> Path:
        """Where it is written before it is whole."""
        return self.path.with_name(f".{self.path.name}.partial")

    def read(self, run: str) -> State | None:
        """Return the state of this run; None if there is none, and after deleting one that is damaged or another run's.

        Parameters
        ----------
        run
            From `run_identity`: only the same run can resume.
        """
        try:
            with safe_open(self.path, "pt") as file:
                scalars = json.loads((file.metadata() or {}).get(META, "{}"))
                if scalars.pop("run", None) == run:
                    return State({name: file.get_tensor(name) for name in file.keys()}, scalars)  # noqa: SIM118
        except FileNotFoundError:
            return None
        except OSError as error:
            LOG.warning("%s cannot be read (%s): the training begins anew.", self.path, error)
            return None
        except (SafetensorError, ValueError) as error:
            LOG.warning("%s is damaged (%s): the training begins anew.", self.path, error)
        else:
            LOG.warning("%s is of a run with other data, settings or code: the training begins anew.", self.path)
        self.delete()
        return None

    def write(self, run: str, state: State) -> None:
        """Replace the file atomically. Without disk space the training continues, but cannot be resumed.

        A killed process leaves a part under a name that the next write uses again (`save_file` would take a new one).
        """
        tensors = {name: value.detach().cpu().clone().contiguous() for name, value in state.tensors.items()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.partial.write_bytes(save(tensors, {META: json.dumps({"run": run, **state.scalars})}))
            self.partial.replace(self.path)
        except OSError as error:
            LOG.warning("The state of the training cannot be saved in %s (%s).", self.path, error)
            self.partial.unlink(missing_ok=True)

    def delete(self) -> None:
        """Delete the file and what a killed process left of it, if they exist."""
        self.path.unlink(missing_ok=True)
        self.partial.unlink(missing_ok=True)


def run_identity(settings: Any, arrays: Iterable[NDArray[Any]]) -> str:
    """Return a hash of all that decides a training: two runs with the same one can continue from each other's state.

    Parameters
    ----------
    settings
        Network, schedule, seed and the like, as `repr` writes them. Code and torch's version are added.
    arrays
        The data, in order.
    """
    digest = hashlib.blake2b(repr((settings, code_version(), torch.__version__)).encode(), digest_size=16)
    for values in arrays:
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
