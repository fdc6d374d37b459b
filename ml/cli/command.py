"""Shared by all commands: the seed, JSON on stdout, and one line on stderr with exit status 2 for bad input."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from ml.cli.outputs import check_outputs
from ml.evaluation.classifier import jsonable

Work = Callable[[argparse.Namespace], dict[str, Any]]


def command(subparsers: Any, name: str, summary: str, work: Work) -> argparse.ArgumentParser:
    """Add a command that prints the result of `work`; return its parser, for more arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    parser.add_argument("--seed", type=int, default=0, help="random seed (default 0)")

    def run(args: argparse.Namespace) -> int:
        try:
            check_outputs(args)
            result = work(args)
        except (ValueError, OSError) as error:
            sys.stderr.write(f"{name}: {' '.join(str(error).split())}\n")
            return 2
        sys.stdout.write(json.dumps(jsonable(result)) + "\n")
        return 0

    parser.set_defaults(run=run)
    return parser
