"""`make bench`: run every benchmark in turn, each in its own process, printing one JSON object.

It fails if a benchmark fails or misses its floor.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def missed(name: str, result: dict[str, Any]) -> list[str]:
    """Name the missed floors of a benchmark and its parts."""
    parts = {f"{name} {part}": value for part, value in result.items() if isinstance(value, dict)}
    below = [each for part, value in parts.items() for each in missed(part, value)]
    return below or ([name] if result.get("met") is False else [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"one or more of {', '.join(names())}; all by default")
    failed, below = 0, []
    for name in parser.parse_args().names or names():
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            result = json.loads(done.stdout.splitlines()[-1])
            print(json.dumps(result, indent=2), flush=True)
            below += missed(name, result)
        else:
            print(f"{name} failed; see its messages above.", flush=True)
            failed += 1
    if below:
        print(f"Missed floors: {', '.join(below)}.")
    return 1 if failed or below else 0


if __name__ == "__main__":
    sys.exit(main())
