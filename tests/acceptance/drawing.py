"""Helpers for lines: where a pixel of a picture is in the window, dragging from one to another, and what was stored."""

from tests.acceptance.classifying import wait_until
from webapp.classifications.models import Mark

HEIGHT, WIDTH = 300, 400  # of the picture


def at(page, x, y):
    """Return the window position of pixel x, y, counted from 0 at the lower left."""
    box = page.locator(".pictures canvas").bounding_box()
    return box["x"] + (x + 0.5) * box["width"] / WIDTH, box["y"] + (HEIGHT - y - 0.5) * box["height"] / HEIGHT


def drag(page, start, end):
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=4)
    page.mouse.up()


def handles(page):
    return page.locator(".handle")


def stored(page, count):
    wait_until(page, lambda: Mark.objects.standing().count() == count)
    return [(mark.x1, mark.y1, mark.x2, mark.y2) for mark in Mark.objects.standing()]
