"""The site is installable, and its pages open without a network; answers given there are sent later."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.cable import cable
from tests.acceptance.classifying import loaded_ahead, make_workflow, press, ready, standing, wait_until

PAGES = "caches.open('pages-1').then((store) => store.keys()).then((keys) => keys.length)"
KEPT = """async () => {
  const kept = async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url);
  const [pages, files] = await Promise.all(["pages-1", "files-1"].map(kept));
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const lasting = loaded.filter((url) => /^\\/(static|texts)\\//.test(new URL(url).pathname));
  return pages.includes(location.href) && lasting.length > 0 && lasting.every((url) => files.includes(url));
}"""
LEFT = 30
OPEN = """async () => {
  const { OutboxStore } = await import("/static/classify/outbox_store.js");
  window.unsent = await OutboxStore.open();
}"""
STORE_AND_LEAVE = """(n) => {
  addEventListener("pagehide", () => unsent.put({ key: `night.${n}` }));
  location.reload();
}"""
STORED = "unsent.all('night.').then(({ length }) => length)"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_manifest_names_icons_that_exist(db, client):
    manifest = client.get("/manifest.webmanifest").json()
    assert manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert b"fetch" in client.get("/service-worker.js").content


def test_the_classify_page_opens_without_a_network_and_sends_answers_later(db, open_page, live_server):
    make_workflow()
    with cable(live_server.url) as network:
        page = open_page(f"{network.url}/classify/night/", service_workers="allow")
        ready(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()  # under the worker's control, which keeps the page and its files
        loaded_ahead(page)
        wait_until(page, lambda: page.evaluate(KEPT))
        network.unplug()
        name = press(page, "y")
        page.reload()
        expect(page.get_by_role("heading", name="The server isn't responding")).to_be_visible()
        assert standing() == {}
        network.plug_in()
        wait_until(page, lambda: standing() == {name: "yes"})
        ready(page)


def test_a_page_that_reached_no_server_goes_on_by_itself_when_there_is_one(db, open_page, live_server):
    make_workflow()
    with cable(live_server.url) as network:
        page = open_page(f"{network.url}/classify/night/", service_workers="allow")
        ready(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        loaded_ahead(page)
        wait_until(page, lambda: page.evaluate(KEPT))
        network.unplug()
        page.reload()
        expect(page.get_by_role("heading", name="The server isn't responding")).to_be_visible()
        network.plug_in()
        expect(page.locator("body[data-state=open]")).to_be_attached(timeout=20_000)


def test_an_answer_of_the_last_moment_is_kept_though_the_page_is_left(db, open_page):
    page = open_page("/manifest.webmanifest")
    page.evaluate(OPEN)
    for n in range(LEFT):
        with page.expect_navigation():
            page.evaluate(STORE_AND_LEAVE, n)
        page.evaluate(OPEN)
    assert page.evaluate(STORED) >= 0.9 * LEFT, "a transaction that commits by itself is never kept"


def test_pages_of_others_are_dropped_at_sign_in(db, open_page, django_user_model):
    django_user_model.objects.create_user("vera", password="vera")
    make_workflow()
    page = open_page("/classify/night/", service_workers="allow")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    wait_until(page, lambda: page.evaluate(PAGES))
    page.goto("/accounts/login/?next=/skill/")
    page.get_by_label("Username or email").fill("vera")
    page.get_by_label("Password").fill("vera")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/skill/")
    wait_until(page, lambda: page.evaluate(PAGES) == 0)
