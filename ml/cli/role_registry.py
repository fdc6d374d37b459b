"""Map each model role to the module that trains, evaluates and scores it."""

import argparse
import importlib
from typing import Any, Protocol, cast

from ml.data.dataset import BadExamples
from ml.inference.checkpoint import Checkpoint

ROLES = {
    "stamp": "ml.cli.stamp_role",
    "tracklet": "ml.cli.tracklet_role",
    "trail": "ml.cli.trail_role",
    "cube": "ml.cli.cube_role",
}


class Role(Protocol):
    """The interface of a role's module; each function takes the parsed arguments and returns what is printed."""

    PRESETS: tuple[str, ...]
    """The first is the default of "auto", unless the module chooses another."""

    def train(self, args: argparse.Namespace) -> dict[str, Any]:
        """Train on `args.data` and save the checkpoint as `args.out`."""
        ...

    def evaluate(self, args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
        """Evaluate the checkpoint on `args.data`."""
        ...

    def score(self, args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
        """Score `args.data` with the checkpoint and write `args.out`."""
        ...


def role_named(name: str) -> Role:
    """Import the module of a role, lazily, since each imports heavy libraries.

    Raises BadExamples if there is no such role.
    """
    if name not in ROLES:
        raise BadExamples(f"There is no role {name!r}; it is one of {', '.join(ROLES)}.")
    return cast(Role, importlib.import_module(ROLES[name]))


def role_of(args: argparse.Namespace, checkpoint: Checkpoint) -> Role:
    """Return the role of a checkpoint, checking the options against it.

    Raises BadExamples if `--role` names another one, or an option belongs to another one.
    """
    name = str(checkpoint.manifest["role"])
    if args.role not in (None, name):
        raise BadExamples(
            f"The checkpoint is of the role {name!r}, not {args.role!r}. Name its own, or leave --role out."
        )
    args.foreign.check(args, name)
    return role_named(name)


def check_preset(role: Role, preset: str) -> None:
    """Raise BadExamples if the role has no preset of that name."""
    if preset not in ("auto", *role.PRESETS):
        raise BadExamples(f"There is no preset {preset!r} for this role; it is one of auto, {', '.join(role.PRESETS)}.")
