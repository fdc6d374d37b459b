"""What browser tests press and read on the desk."""

from playwright.sync_api import expect


def press(page, key):
    page.wait_for_timeout(300)  # longer than the page takes a second press for an echo of the first
    page.keyboard.press(key)


def names(page):
    return [name.strip() for name in page.locator("[data-row] h2").all_text_contents()]


def shown(page):
    """Return the row whose subject the viewer shows, once it does."""
    viewer = page.locator("[data-row]:has([data-viewer])")
    expect(viewer).to_have_count(1)
    name = viewer.locator("h2").first.inner_text().strip()
    expect(viewer.locator(f"[data-part=pictures][data-subject={name}] canvas").first).to_be_visible()
    return name
