"""A drawn sky as seen from the ground, to train a detector on: round stars of one width in each image, and trails.

Simulated, with none of the real pixels: noise of 1, Gaussian stars and galaxies, trails as wide as the stars are,
sharp hits of cosmic rays, and in one image of three stars that are slightly drawn out, as by bad tracking.
"""

import csv
import json

import numpy as np

from ml.trails.draw import lay

COLUMNS = ("external_id", "kind", "image", "label", "#objects")


def ground_sky(folder, n, *, side=256, seed=0, sigma=(0.9, 3.2)):
    """Write n images and their manifest; widths of stars in pixels, log-uniform."""
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for number in range(n):
            rng = np.random.default_rng([seed, number])
            image, told = one(rng, side, float(np.exp(rng.uniform(*np.log(sigma)))))
            np.save(folder / f"{number}.npy", image)
            rows.writerow([f"g-{number}", "cutout", f"{number}.npy", "yes" if told else "no", json.dumps(told)])
    return folder / "manifest.csv"


def one(rng, side, sigma):
    """Return an image in units of its noise and what is told of it."""
    image = rng.normal(0, 1, (side, side)).astype(np.float32)
    drawn_out = rng.random() < 1 / 3
    turn, ratio = rng.uniform(0, np.pi), rng.uniform(1.0, 1.35) if drawn_out else 1.0
    for _ in range(rng.poisson(40)):
        wider = sigma * (1 if rng.random() < 0.8 else rng.uniform(1.2, 2.5))
        blob(image, rng.uniform(0, side, 2), 10 ** rng.uniform(0.5, 3.2), (wider * ratio, wider), turn)
    for _ in range(rng.poisson(6)):
        middle, angle = rng.uniform(0, side, 2), rng.uniform(0, np.pi)
        ends = middle + rng.uniform(0.5, 6) * np.array([[-1], [1]]) * np.array([np.cos(angle), np.sin(angle)])
        lay(image, ends, 10 ** rng.uniform(1, 2), 0.45)
    told = []
    for _ in range(rng.integers(0, 4)):
        length = np.exp(rng.uniform(np.log(max(9, 3.2 * sigma)), np.log(200)))
        middle, angle = rng.uniform(20, side - 20, 2), rng.uniform(0, np.pi)
        along = np.array([np.cos(angle), np.sin(angle)])
        ends = middle + length / 2 * np.array([[-1], [1]]) * along
        lay(image, ends, float(np.exp(rng.uniform(np.log(2), np.log(60)))), sigma)
        seen = middle + np.clip(np.linspace(-1, 1, 65)[:, None] * length / 2, -400, 400) * along
        seen = seen[((seen >= 0) & (seen <= side - 1)).all(1)]
        told.append({"class": "ASTEROID", "ends": seen[[0, -1]].tolist(), "width": 4 * sigma})
    return image, told


def blob(image, place, peak, sigma, turn):
    """Add an elliptical Gaussian."""
    reach = int(6 * max(sigma)) + 2
    x0, y0 = np.maximum(place.astype(int) - reach, 0)
    y, x = np.mgrid[y0 : min(y0 + 2 * reach, len(image)), x0 : min(x0 + 2 * reach, len(image))]
    dx, dy = x - place[0], y - place[1]
    along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    image[y, x] += peak * np.exp(-0.5 * ((along / sigma[0]) ** 2 + (across / sigma[1]) ** 2))
