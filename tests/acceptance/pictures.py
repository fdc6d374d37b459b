"""Positions and pixels of the pictures on the classify page."""

import numpy as np

from tests.acceptance.skies import place_in

PAGE = "/classify/night/"
PLACES = [place_in(frame) for frame in range(4)]


def boxes(page):
    """Return the pictures' positions in the window."""
    return [canvas.bounding_box() for canvas in page.locator(".pictures canvas").all()]


def part(page, name):
    return page.locator(f"[data-part={name}]")


def slide(page, name, value):
    part(page, name).evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value
    )


def colours(page, which=0):
    """Return the pixels of a canvas, (H, W, 3), the top row first."""
    size, data = page.evaluate(
        """(which) => {
            const canvas = document.querySelectorAll(".pictures canvas")[which];
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [[canvas.height, canvas.width, 4], [...data]];
        }""",
        which,
    )
    return np.reshape(data, size)[..., :3]


def brightest(page, which=0):
    """Return the position in the window of a picture's brightest spot."""
    image = colours(page, which)[..., 0].astype(float)
    rows, columns = np.nonzero(image >= image.max() - 2)
    box = boxes(page)[which]
    pixel = box["width"] / image.shape[1]
    return box["x"] + (columns.mean() + 0.5) * pixel, box["y"] + (rows.mean() + 0.5) * pixel
