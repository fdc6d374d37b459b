"""Take the screenshots of these pages from a running demonstration: `make demo`, then `make screenshots`.

First a volunteer and a scientist of the demonstration find, discuss and confirm a few movers, so that no page is empty.
"""

import argparse
import io
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import django
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from webapp.core import embedded_postgres

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop in this thread
embedded_postgres.ensure()
django.setup()

from django.conf import settings  # noqa: E402  # after django.setup()
from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402

from webapp.archive.models import Subject, Survey  # noqa: E402
from webapp.classify.record import Item  # noqa: E402
from webapp.classify.submit import submit  # noqa: E402
from webapp.community.models import Board, Comment, Credit, Profile  # noqa: E402
from webapp.community.talk import post_comment  # noqa: E402
from webapp.community.threads import make_usual_boards, open_thread  # noqa: E402
from webapp.review.rulings import rule  # noqa: E402
from webapp.volunteers.identity import account_volunteer  # noqa: E402
from webapp.workflows.models import Workflow  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "screenshots"
ATLAS, EUCLID = "atlas-simulated", "euclid-simulated"
DESKTOP, PHONE = (1280, 800), (390, 844)
LARGEST = 100_000  # bytes
QUALITIES = (85, 75, 65, 50)
PATIENCE = 60_000  # ms
SETTLES = 1_500  # ms: what a page loads after it is there
FOUND = 8
TALK = (
    (
        "How do I tell a comet from a blurred star?",
        "Some round ones look a little softer than the others. Is that a coma, or just bad seeing? #comet",
        "Compare it with the stars of the same image. Only a comet is wider than they are, often on one side.",
    ),
    (
        "Two streaks, the same angle, minutes apart",
        "They are as long as each other. A satellite, or two? #satellite",
        "Good eye. One tumbling satellite, most likely: the brightness changes along the line.",
    ),
)


@dataclass(frozen=True)
class Shot:
    """One page, as a role of the demonstration (or a visitor) sees it, once `ready` is on it."""

    name: str
    path: str
    role: str = "scientist"
    size: tuple[int, int] = DESKTOP
    ready: str = "main"
    scroll: int = 0  # pixels


SHOTS = (
    Shot("home", "/", role=""),
    Shot("project", f"/surveys/{ATLAS}/project/", "volunteer"),
    Shot("classify", f"/classify/{EUCLID}/", "volunteer", ready="body[data-state=open]"),
    Shot("classify-phone", f"/classify/{ATLAS}/", "volunteer", PHONE, ready="body[data-state=open]"),
    Shot("talk", f"/surveys/{ATLAS}/talk/", "volunteer"),
    Shot("review", f"/surveys/{ATLAS}/review/?view=sheet", scroll=250),
    Shot("models", f"/surveys/{ATLAS}/learning/"),
)


@transaction.atomic
def bring_to_life(survey: Survey) -> None:
    """Let a volunteer find, and a scientist confirm and discuss, what the model is surest of; only the first time."""
    if Comment.objects.filter(survey=survey).exists():
        return
    workflow = Workflow.objects.get(slug=survey.slug)
    volunteer, scientist, admin = map(account, ("volunteer", "scientist", "admin"))
    for user in (volunteer, scientist):
        Profile.objects.update_or_create(user=user, defaults={"credit": Credit.USER_NAME})
    found = surest(workflow)
    submit(account_volunteer(volunteer), workflow, [Item(uuid4(), each.pk, "yes") for each in found])
    for each in found[:-2]:
        rule(subject=each, workflow=workflow, scientist=scientist, verdict="yes")
    make_usual_boards(user=admin, survey=survey)
    board = Board.objects.filter(survey=survey).order_by("pk")[0]
    for title, asked, answered in TALK:
        first = open_thread(user=volunteer, board=board, title=title, text=asked)
        post_comment(user=scientist, thread=first.thread, text=answered)


def account(role: str) -> User:
    return User.objects.get(username=f"demo-{role}")


def surest(workflow: Workflow) -> list[Subject]:
    """Return the subjects that volunteers are still asked about and that the champion is surest of."""
    waiting = Subject.objects.filter(queue_entries__workflow=workflow, queue_entries__is_retired=False, gold_label="")
    scored = waiting.filter(scores__checkpoint__is_champion=True).order_by("-scores__p_real")
    return list(scored[:FOUND])


def take(browser: Browser, address: str, shot: Shot) -> int:
    """Save one picture as WebP below the largest size; return its bytes."""
    width, height = shot.size
    is_phone = shot.size == PHONE
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        device_scale_factor=2 if is_phone else 1,
        has_touch=is_phone,
        is_mobile=is_phone,
        locale="en-GB",
        color_scheme="light",
        service_workers="block",
    )
    if shot.role:
        client = Client()
        client.force_login(account(shot.role))
        session = str(client.session.session_key)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(shot.path)
    page.wait_for_selector(shot.ready, state="attached")
    page.mouse.wheel(0, shot.scroll)
    page.wait_for_timeout(SETTLES)
    size = save(page.screenshot(), FOLDER / f"{shot.name}.webp")
    context.close()
    return size


def save(png: bytes, path: Path) -> int:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in QUALITIES:
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= LARGEST:
            return path.stat().st_size
    sys.exit(f"{path.name} is larger than {LARGEST} bytes even at quality {QUALITIES[-1]}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="the running demonstration's, such as http://127.0.0.1:8000")
    address = parser.parse_args().address
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Install chromium first.")
    for survey in Survey.objects.filter(slug__in=(ATLAS, EUCLID)):
        bring_to_life(survey)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            print(f"{shot.name}.webp: {take(browser, address, shot) / 1000:.0f} kB")  # noqa: T201  # a command line
        browser.close()


if __name__ == "__main__":
    main()
