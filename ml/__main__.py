"""The science library's command line: `python -m ml COMMAND …`."""

import argparse
import importlib
import sys

from ml.cli.exit_status import unless_stopped

COMMANDS = {
    "simulate": ("ml.cli.simulate", "write a simulated sky: manifest and images"),
    "train": ("ml.cli.train_command", "train a model on a labelled manifest"),
    "pretrain": ("ml.cli.pretrain_command", "pretrain the backbone on simulated skies"),
    "evaluate": ("ml.cli.evaluate_command", "evaluate a model on a labelled manifest"),
    "score": ("ml.cli.score_command", "score every subject of a manifest"),
    "crowd": ("ml.cli.crowd_command", "from many people's votes to one answer per item"),
    "motion": ("ml.cli.motion_command", "fit every tracklet's motion on the sky, with errors"),
    "known": ("ml.cli.known_command", "find the known objects near each detection"),
    "link": ("ml.cli.link_command", "link single detections of a night into tracklets"),
    "obs80": ("ml.cli.obs80_command", "read or write the Minor Planet Center's 80 columns"),
    "distance": ("ml.cli.distance_command", "measure distances from the observer's parallax"),
    "trail-distance": ("ml.cli.trail_distance_command", "measure distances from the curvature of single trails"),
    "benchmark": ("ml.cli.benchmark", "measure the speed of one part, or the votes saved by asking well"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for input that cannot be used, or 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    return unless_stopped(chosen, lambda: _run(chosen, arguments))


def _run(chosen: str, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        if name == chosen:  # imported late: torch takes seconds, and `simulate` and `crowd` do not need it
            importlib.import_module(module).add(commands)
        else:
            commands.add_parser(name, help=summary)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


if __name__ == "__main__":
    sys.exit(main())
