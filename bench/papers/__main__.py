"""`make papers`: run the rows that have no result yet, and write docs/papers.md."""

import argparse
import importlib
import sys

from bench.papers.page import page
from bench.papers.row import Paper
from bench.papers.run import RESULTS, ROOT, Failed, run_row

PAPERS: tuple[str, ...] = ("euclid", "atlas", "tracklets", "tess", "hubble")
PAGE = ROOT / "docs" / "papers.md"


def papers() -> list[Paper]:
    """Return every paper in the order of the page."""
    return [importlib.import_module(f"bench.papers.{name}").PAPER for name in PAPERS]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.papers", description=__doc__)
    parser.add_argument("rows", nargs="*", help="run these again; by default those without a result")
    parser.add_argument("--again", action="store_true", help="run every row again")
    parser.add_argument("--page", action="store_true", help="write the page and run nothing")
    parser.add_argument("--list", action="store_true", help="name the rows")
    args = parser.parse_args()
    rows = {row.key: (paper, row) for paper in papers() for row in paper.rows}
    if args.list:
        print("\n".join(f"{key}  {row.says}" for key, (_, row) in rows.items()))
        return 0
    unknown = [key for key in args.rows if key not in rows]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; --list names them")
    wanted = args.rows or [key for key in rows if args.again or not (RESULTS / f"{key}.json").is_file()]
    failed = 0
    for key in [] if args.page else wanted:
        print(f"== {key}", flush=True)
        try:
            run_row(*rows[key])
        except Failed as error:
            sys.stderr.write(f"{error}\n")
            failed += 1
        PAGE.write_text(page(papers()))
    PAGE.write_text(page(papers()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
