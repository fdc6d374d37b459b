"""Options that only one role of model has: an option that would change nothing is refused, not ignored."""

import argparse
from collections.abc import Mapping
from typing import Any

from ml.dataset import BadExamples


class RoleOptions:
    """A command's options by role.

    Parameters
    ----------
    parser
        The command's; `args.foreign` will be this object.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._roles: dict[str, str] = {}
        parser.set_defaults(foreign=self)

    def of(self, role: str, description: str | None = None) -> "RoleGroup":
        """Return a group to add a role's options to."""
        return RoleGroup(self._parser.add_argument_group(f"{role}s", description), role, self._roles)

    def check(self, args: argparse.Namespace, role: str) -> None:
        """Raise BadExamples where an option of another role was given."""
        given: Mapping[str, Any] = vars(args)
        for name, owner in self._roles.items():
            if owner != role and given[name] != self._parser.get_default(name):
                raise BadExamples(
                    f"--{name.replace('_', '-')} is an option of the role {owner}; it would change nothing for a {role}"
                    " model. Leave it out."
                )


class RoleGroup:
    """Where the options of one role are added."""

    def __init__(self, group: Any, role: str, roles: dict[str, str]) -> None:
        self._group, self._role, self._roles = group, role, roles

    def add_argument(self, *flags: str, **how: Any) -> None:
        """Add an option, as argparse does."""
        self._roles[self._group.add_argument(*flags, **how).dest] = self._role
