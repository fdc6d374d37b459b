"""Shared by all commands: the seed, JSON on stdout, and one line on stderr with exit status 2 for bad input."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from ml.cli.exit_status import exit_status
from ml.cli.outputs import check_outputs
from ml.cli.seed import add_seed
from ml.evaluation.classifier import jsonable

Work = Callable[[argparse.Namespace], dict[str, Any]]


def command(subparsers: Any, name: str, summary: str, work: Work) -> argparse.ArgumentParser:
    """Add a command that prints the result of `work`; return its parser, for more arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    add_seed(parser)

    def run(args: argparse.Namespace) -> None:
        check_outputs(args)
        sys.stdout.write(json.dumps(jsonable(work(args))) + "\n")

    parser.set_defaults(run=lambda args: exit_status(name, lambda: run(args)))
    return parser
