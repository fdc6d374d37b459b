"""A real browser on a real server: Debian's Chromium, driven by Playwright."""

import os
import shutil
import threading

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import expect, sync_playwright

PATIENCE = 15_000  # ms: three browsers share two cores
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser")  # without windows it needs a third less time
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FLAGS += ["--disable-site-isolation-trials", "--renderer-process-limit=1"]  # one process draws all pages


@pytest.fixture(scope="session")
def chromium():
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        if os.environ.get("WANDERERS_ALL_TESTS"):
            pytest.fail("Chromium is not installed, and every test must run here.")
        pytest.skip("Chromium is not on this machine: install Debian's package chromium to test the pages.")
    # Playwright keeps an event loop in this thread, which Django would take for a view that must not wait.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        connections.close_all()  # those that tests opened beside the loop: nobody sees them once it has ended
        browser.close()


@pytest.fixture
def lost_messages(monkeypatch):
    """Drop this process's messages, as if it had died: the worker's sweep must find its jobs."""
    monkeypatch.setattr("webapp.core.dispatch._publish", lambda task, args: None)


@pytest.fixture
def open_page(chromium, live_server):
    """Open a page in its own browser: `open_page(path, width=…, user=…)`; script errors, and whatever the Content
    Security Policy blocked, fail the test.

    The user's session is there already: to sign in by the form takes three pages.
    """
    contexts, errors = [], []

    def open_one(path, *, width=1440, height=900, user=None, **options):
        options = {"service_workers": "block", **options}  # tests intercept requests that a worker would hide
        touch = {"has_touch": True, "is_mobile": True} if width < 500 else {}
        context = chromium.new_context(
            base_url=live_server.url, viewport={"width": width, "height": height}, **touch, **options
        )
        contexts.append(context)
        if user:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session(user), "url": live_server.url}]
            )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.extend(_blocked(line)))
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    wait_for_the_server()
    assert not errors


def _blocked(line):
    """Return what the policy blocked of a page and its scripts; axe, which has no address, is no part of it."""
    where = line.location
    is_ours = where["url"] and "Content Security Policy" in line.text
    return [f"{line.page.url} ({where['url']}:{where['lineNumber']}): {line.text}"] if is_ours else []


def wait_for_the_server():
    """Wait for requests left behind by a closed browser, since they use the test's database."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=10)


def session(user):
    client = Client()
    client.force_login(user)
    return client.session.session_key


def sign_in(page, user):
    page.goto("/accounts/login/")
    page.get_by_label("Username or email").fill(user.get_username())
    page.get_by_label("Password").fill(user.get_username())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
