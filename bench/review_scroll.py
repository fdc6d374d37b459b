"""The review desk in headless Chromium: a scientist scrolls through 10,000 subjects without a stop.

The contact sheet, then the list. A wheel turns 400 px every 50 ms, about nine screens a second. Told for the first and
the last thousand subjects are the gaps between frames and how long the page's own thread was blocked at once, if over
50 ms; and for all of them how often the wheel reached the end of what was loaded. Everything shares this machine, and
Chromium draws without a GPU.
"""

import argparse
import json
import os
import shutil
import sys
from typing import Any

import numpy as np

from bench import _site  # first: it sets the environment

# isort: split
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from bench.classify_page import FLAGS
from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject, Survey
from webapp.consensus.models import Consensus
from webapp.workflows.models import Workflow

SUBJECTS, SIDE = 10_000, 64
STEP, PAUSE_MS = 400, 50
MOST_GAP_MS = 100.0

WATCH = """() => {
    window.gaps = []; window.blocked = []; let before = performance.now();
    const frame = (now) => { window.gaps.push([now, now - before]); before = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) window.blocked.push([each.startTime, each.duration]);
    }).observe({ type: "longtask" });
}"""
# Rows are counted page by page: a search of the whole document would itself keep the page busy.
STATE = """() => [
    [...document.querySelector("[data-desk]").children].reduce((n, page) => n + page.childElementCount, 0),
    performance.now(),
    innerHeight + scrollY >= document.documentElement.scrollHeight - 300]"""


def make_desk() -> tuple[str, User]:
    """Store a settled archive; return its survey's slug and a scientist."""
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="B", kind="stamp", question="Is it real?")
    random = np.random.default_rng(1)
    blocks = random.normal(100, 3, (SUBJECTS, 1, 1, SIDE, SIDE)).astype(np.float32)
    array, first = PixelStore(settings.PIXELS).append("bench", blocks)
    rows = [
        Subject(survey=survey, external_id=f"s{i}", kind="stamp", zarr_array=array, zarr_index=first + i,
                checksum=f"bench{i}", object_group=f"s{i}")
        for i in range(SUBJECTS)
    ]  # fmt: skip
    votes = random.integers(0, 6, (SUBJECTS, 2)).tolist()
    Consensus.objects.bulk_create(
        Consensus(workflow=workflow, subject=row, votes_yes=yes, votes_no=no, posterior=(1 + yes) / (2 + yes + no))
        for row, (yes, no) in zip(Subject.objects.bulk_create(rows), votes, strict=True)
    )
    return survey.slug, User.objects.create_superuser("scientist")


def scroll(page: Page, address: str) -> dict[str, Any]:
    """Scroll to the last subject."""
    page.goto(address)
    page.wait_for_selector("[data-row]")
    page.evaluate(WATCH)
    page.mouse.move(700, 600)
    marks, waits, still = [], 0, 0
    while still < 200:
        page.mouse.wheel(0, STEP)
        page.wait_for_timeout(PAUSE_MS)
        rows, now, at_end = page.evaluate(STATE)
        marks.append((now, rows))
        waits += at_end and rows < SUBJECTS
        still = still + 1 if at_end else 0
        if rows >= SUBJECTS and at_end:
            break
    gaps, blocked = np.array(page.evaluate("window.gaps")), np.array(page.evaluate("window.blocked")).reshape(-1, 2)
    loaded = np.array(marks)
    early = loaded[np.searchsorted(loaded[:, 1], 1000), 0]
    late = loaded[np.searchsorted(loaded[:, 1], SUBJECTS - 1000), 0]
    result = {
        name: {"gap_ms": _spread(gaps[(gaps[:, 0] > since) & (gaps[:, 0] < until), 1]),
               "blocked_ms": _spread(blocked[(blocked[:, 0] > since) & (blocked[:, 0] < until), 1])}
        for name, since, until in (("first", 0, early), ("last", late, np.inf))
    }  # fmt: skip
    longest = float(gaps[:, 1].max())
    return result | {
        "rows": int(loaded[-1, 1]), "seconds": round((loaded[-1, 0] - loaded[0, 0]) / 1000, 1), "waits": int(waits),
        "longest_gap_ms": round(longest, 1), "met": longest <= MOST_GAP_MS and int(loaded[-1, 1]) == SUBJECTS,
    }  # fmt: skip


def _spread(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {"n": 0}
    p50, p99, most = np.percentile(values, (50, 99, 100)).round(1).tolist()
    return {"n": len(values), "p50": p50, "p99": p99, "max": most}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.review_scroll", description=__doc__)
    parser.add_argument("--views", nargs="+", choices=["sheet", "list"], default=["sheet", "list"])
    views = parser.parse_args().views
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is not on this machine: install Debian's package chromium to measure the page.")
    call_command("collectstatic", verbosity=0, interactive=False)
    slug, scientist = make_desk()
    client = Client()
    client.force_login(scientist)
    found = {}
    with _site.web_server() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        address = f"http://127.0.0.1:{port}"
        for view in views:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])
            found[view] = scroll(context.new_page(), f"{address}/surveys/{slug}/review/?queue=all&view={view}")
            print(json.dumps({view: found[view]}), file=sys.stderr, flush=True)
            context.close()
        browser.close()
    print(json.dumps({"benchmark": "review_scroll", "cores": os.cpu_count(), "load": os.getloadavg()[0], **found}))


if __name__ == "__main__":
    main()
