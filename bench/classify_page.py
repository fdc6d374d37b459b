"""The classify page in headless Chromium: page weight, time to paint the next subject, memory after 200 subjects.

Painted means: the frame after the one in which the next subject is on the page has begun. The queue is warm: the next
key is pressed as soon as the page accepts it, as a quick volunteer would. Everything shares this machine.
"""

import json
import os
import shutil
from typing import Any

import numpy as np

from bench import _site  # first: it sets the environment

# isort: split
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import CDPSession, Page, sync_playwright

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.queue.membership import enqueue_subjects
from webapp.workflows.models import Workflow

SHAPES = {"stamp": (1, 1), "tracklet": (4, 1), "three channels": (1, 3)}
# The page asks whoever answers before having seen every frame; these keys show them all side by side.
ALL_FRAMES = {"tracklet": "v", "three channels": "0"}
SIDE = 64
ANSWERS, WARM = 200, 20
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

PRESS = """() => new Promise((done, fail) => {
    setTimeout(() => fail(new Error("The page shows no next subject.")), 10000);
    const root = document.querySelector("[data-part=pictures]");
    const start = performance.now();
    new MutationObserver((_, observer) => {
        observer.disconnect();
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => done(performance.now() - start);
            channel.port2.postMessage(null);
        });
    }).observe(root, { attributes: true, attributeFilter: ["data-subject"] });
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true }));
})"""


def make_workflow(name: str, frames: int, channels: int) -> str:
    """Queue subjects of noise and a source; return the workflow's slug."""
    slug = name.replace(" ", "-")
    kind = "tracklet" if frames > 1 else "stamp"
    survey = Survey.objects.create(slug=slug, name=name)
    n = ANSWERS + 30
    blocks = np.random.default_rng(1).normal(100, 3, (n, frames, channels, SIDE, SIDE)).astype(np.float32)
    blocks[..., 30:34, 30:34] += 100
    array, first = PixelStore(settings.PIXELS).append(slug, blocks)
    rows = [
        Subject(
            survey=survey, external_id=f"s{i}", kind=kind, zarr_array=array, zarr_index=first + i,
            checksum=f"{slug}{i}",
            object_group=f"s{i}",
        )
        for i in range(n)
    ]  # fmt: skip
    members = SubjectSet.objects.create(survey=survey, name="all")
    members.subjects.add(*Subject.objects.bulk_create(rows))
    workflow = Workflow.objects.create(survey=survey, slug=slug, name=name, kind=kind, question="Is it real?")
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return slug


def measure(page: Page, url: str, key: str | None) -> dict[str, Any]:
    """Open the page and answer its subjects one after the other."""
    browser = page.context.new_cdp_session(page)
    weighed = page_weight(page, browser, url)
    if key:
        page.keyboard.press(key)
    times, heaps = [], []
    for number in range(ANSWERS):
        page.wait_for_selector("body[data-state=open]")
        page.wait_for_timeout(260)  # the page takes a second press within 250 ms for an echo of the first
        times.append(page.evaluate(PRESS))
        if number + 1 in (WARM, ANSWERS):
            heaps.append(heap(browser))
    late = np.percentile(times[WARM:], (50, 95, 100)).round(1).tolist()
    return weighed | {
        "painted_ms": dict(zip(("p50", "p95", "slowest"), late, strict=True)),
        "heap_growth": round(heaps[1] / heaps[0] - 1, 3),
    }


def page_weight(page: Page, browser: CDPSession, url: str) -> dict[str, Any]:
    """Load the page with an empty cache; return its compressed size without pixels, and the third-party requests."""
    names: dict[str, str] = {}
    sizes: dict[str, float] = {}
    browser.send("Network.enable")
    browser.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    browser.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(url)
    page.wait_for_selector("body[data-state=open]")
    page.wait_for_load_state("networkidle")
    origin = "/".join(url.split("/")[:3])
    ours = [size for request, size in sizes.items() if "/pixels/" not in names.get(request, "")]
    others = [name for name in names.values() if not name.startswith((origin, "data:", "blob:"))]
    return {"page_kb": round(sum(ours) / 1000, 1), "third_party_requests": len(others)}


def heap(browser: CDPSession) -> float:
    browser.send("HeapProfiler.collectGarbage")
    return float(browser.send("Runtime.getHeapUsage")["usedSize"])


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is not on this machine: install Debian's package chromium to measure the page.")
    call_command("collectstatic", verbosity=0, interactive=False)
    slugs = {name: make_workflow(name, *shape) for name, shape in SHAPES.items()}
    found = {}
    with _site.web_server() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, slug in slugs.items():
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            found[name] = measure(page, f"http://127.0.0.1:{port}/classify/{slug}/", ALL_FRAMES.get(name))
            page.close()
        browser.close()
    print(json.dumps({"benchmark": "classify_page", "cores": os.cpu_count(), "answers": ANSWERS, **found}))


if __name__ == "__main__":
    main()
