"""The option --seed of every command."""

import argparse


def add_seed(parser: argparse.ArgumentParser, text: str = "random seed (default 0)") -> None:
    """Add the option; `text` is its help."""
    parser.add_argument("--seed", type=_seed, default=0, help=text)


def _seed(text: str) -> int:
    if not text.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is a whole number, 0 or more, not {text!r}")
    return int(text)
