"""`make bench`: every benchmark in turn, each a process of its own that prints one JSON object."""

import argparse
import json
import subprocess
import sys
from pathlib import Path


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"one or more of {', '.join(names())}; all by default")
    failed = 0
    for name in parser.parse_args().names or names():
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            print(json.dumps(json.loads(done.stdout.splitlines()[-1]), indent=2), flush=True)
        else:
            print(f"{name} failed; its messages stand above.", flush=True)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
