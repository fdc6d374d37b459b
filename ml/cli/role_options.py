"""Options that only some roles have; other roles refuse them."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from ml.data.dataset import BadExamples


class RoleOptions:
    """A command's options by role.

    Parameters
    ----------
    parser
        The command's; `args.foreign` will be this object.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._roles: dict[str, tuple[str, ...]] = {}
        parser.set_defaults(foreign=self)

    def of(self, *roles: str, description: str | None = None) -> "RoleGroup":
        """Return an argument group for the options of these roles."""
        title = _listed([f"{role}s" for role in roles])
        return RoleGroup(self._parser.add_argument_group(title, description), roles, self._roles)

    def check(self, args: argparse.Namespace, role: str) -> None:
        """Raise BadExamples if an option of another role was given."""
        for name, owners in self._roles.items():
            if role not in owners:
                of = f"is an option of the role{'s' * (len(owners) > 1)} {_listed(owners)}; it "
                self._refuse(args, name, f"{of}would change nothing for a {role} model")

    def unread(self, args: argparse.Namespace, names: Sequence[str], reader: str) -> None:
        """Raise BadExamples if one of the options `names` was given, which `reader` ignores."""
        for name in names:
            self._refuse(args, name, f"would change nothing for {reader}")

    def _refuse(self, args: argparse.Namespace, name: str, why: str) -> None:
        given: Mapping[str, Any] = vars(args)
        if given[name] != self._parser.get_default(name):
            raise BadExamples(f"--{name.replace('_', '-')} {why}. Leave it out.")


class RoleGroup:
    """The argument group of one or several roles."""

    def __init__(self, group: Any, owners: tuple[str, ...], roles: dict[str, tuple[str, ...]]) -> None:
        self._group, self._owners, self._roles = group, owners, roles

    def add_argument(self, *flags: str, **how: Any) -> None:
        """Add an option, as argparse does."""
        self._roles[self._group.add_argument(*flags, **how).dest] = self._owners


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
