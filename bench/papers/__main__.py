"""`make papers`: run the rows that have no result yet, and write docs/papers.md."""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping
from functools import partial

from bench.papers.page import page
from bench.papers.row import Paper
from bench.papers.run import RESULTS, ROOT, Failed, run_row
from bench.papers.skies import kinds, measure, measured

PAPERS: tuple[str, ...] = ("euclid", "atlas", "tracklets", "tess", "hubble", "unseen")
PAGE = ROOT / "docs" / "papers.md"


def papers() -> list[Paper]:
    """Return every paper in the order of the page."""
    return [importlib.import_module(f"bench.papers.{name}").PAPER for name in PAPERS]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.papers", description=__doc__)
    parser.add_argument("rows", nargs="*", help="rows to run again; by default those without a result")
    parser.add_argument("--again", action="store_true", help="run every row again; with --skies measure every sky")
    parser.add_argument("--skies", action="store_true", help="measure skies without numbers, and run no row")
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
    work: dict[str, Callable[[], object]] = {}
    if args.skies:
        work = {name: partial(measure, paper, name) for paper, name in unmeasured(again=args.again)}
    elif not args.page:
        work = {key: partial(run_row, *rows[key]) for key in wanted}
    return 1 if failures(work) else 0


def unmeasured(*, again: bool) -> list[tuple[Paper, str]]:
    """Return the first sky of each kind; only unmeasured ones unless `again`."""
    first = [(paper, names[0]) for paper in papers() for names in kinds(paper)]
    return [(paper, name) for paper, name in first if again or measured(paper, name) is None]


def failures(work: Mapping[str, Callable[[], object]]) -> int:
    """Run all parts, write the page after each, and return how many failed."""
    failed = 0
    for key, do in work.items():
        print(f"== {key}", flush=True)
        try:
            do()
        except Failed as error:
            sys.stderr.write(f"{error}\n")
            failed += 1
        PAGE.write_text(page(papers()))
    PAGE.write_text(page(papers()))
    return failed


if __name__ == "__main__":
    sys.exit(main())
