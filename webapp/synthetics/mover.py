"""Parameters of a synthetic mover: class, brightness, rate, and its position in each frame."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.io.records import FrameRecord, SubjectRecord
from ml.simulate.injection.stamp_injection import is_empty
from webapp.archive.models import Frame, Subject, Survey
from webapp.synthetics.models import Injection, Shape


def mover_classes(survey: Survey) -> list[str]:
    """Return the survey's real classes, or yes if it names none."""
    return [name for name in survey.classes if name in survey.positive] or ["yes"]


SYNTHETIC = "!synthetic"
"""Metadata key for how a synthetic subject was drawn; hidden from volunteers, like every name with a “!”."""

SLOWEST, FASTEST = 8.0, 80.0
"""Arcsec per hour, for a background without a rate."""

TRIES = 12
SCATTER = 0.1
"""Relative variation of brightness between frames."""

SAME_PLACE = 1e-5
"""Maximum distance in degrees of frames of the same sky position."""


@dataclass(frozen=True)
class Mover:
    """`x` and `y` are (F, C) pixels; `length` and `angle` the path during one exposure, in pixels and radians."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    snr: NDArray[np.float64]
    length: float
    angle: float
    rate: float | None = field(default=None)

    def metadata(self) -> dict[str, Any]:
        """Return its metadata, with positions by frame as in the first channel."""
        path = [[round(float(x), 2), round(float(y), 2)] for x, y in zip(self.x[:, 0], self.y[:, 0], strict=True)]
        rate = None if self.rate is None else round(self.rate, 2)
        return {"snr": round(float(self.snr.mean()), 2), "rate": rate, "path": path}

    def off_centre(self, pixels: NDArray[Any]) -> tuple[int, int]:
        """Return how far it is from the middle of the images, on average, in whole pixels toward +x and +y."""
        height, width = pixels.shape[-2:]
        return round(float(self.x.mean()) - (width - 1) / 2), round(float(self.y.mean()) - (height - 1) / 2)

    def moved(self, dx: int, dy: int) -> "Mover":
        """Return it at another place."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    def record(
        self, background: Subject, frames: list[Frame], pixels: NDArray[Any], metadata: dict[str, Any]
    ) -> SubjectRecord:
        """Return the subject to archive: the background's sky and times, with its own name and pixels."""
        drawn = metadata[SYNTHETIC]
        turn = drawn["turn"]
        records = [
            FrameRecord(pixels=block, **_seen(frames[place], turn) if place < len(frames) else {})
            for place, block in enumerate(pixels)
        ]
        return SubjectRecord(
            external_id=drawn["name"],
            kind=background.kind,
            frames=records,
            object_group=f"synthetic {drawn['seed']} {background.pk}",
            ra=turned(background.ra, turn),
            dec=background.dec,
            rate=self.rate if background.rate is not None else None,
            metadata={
                **metadata,
                SYNTHETIC: {name: value for name, value in drawn.items() if name not in ("name", "turn")},
            },
        )


def draw_mover(
    rng: np.random.Generator, pixels: NDArray[Any], frames: list[Frame], background: Subject, job: Injection
) -> Mover | None:
    """Draw a mover that fits the background: at its pace, where there is no other source.

    It is in the middle if that is empty, else somewhere in the inner half. None if there is no such place.
    """
    length, rate = _path(rng, pixels, frames, background, job)
    angle = _direction(rng, frames)
    drift = _drift(frames, pixels, rate, background.survey.pixel_scale, length)
    place = _free_place(rng, pixels, job.fwhm)
    if place is None:
        return None
    along = drift + _between_channels(background, pixels.shape[1], length)
    snr = np.exp(rng.uniform(np.log(job.snr_min), np.log(max(job.snr_max, job.snr_min))))
    scatter = rng.lognormal(0, SCATTER, len(pixels))
    return Mover(
        x=place[0] + along * np.cos(angle),
        y=place[1] + along * np.sin(angle),
        snr=snr * scatter / scatter.mean(),
        length=length,
        angle=angle,
        rate=rate,
    )


def _path(
    rng: np.random.Generator, pixels: NDArray[Any], frames: list[Frame], background: Subject, job: Injection
) -> tuple[float, float | None]:
    """Return the path in one exposure (pixels), and the rate (arcsec per hour; None without a known scale)."""
    scale, exptime = background.survey.pixel_scale, frames[0].exptime if frames else None
    rate = background.rate or float(np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST))))
    longest = min(pixels.shape[-2:]) / 3
    if job.shape == Shape.TRAIL:
        length = float(np.exp(rng.uniform(np.log(2 * job.fwhm), np.log(max(longest, 3 * job.fwhm)))))
        return length, length * scale * 3600 / exptime if scale and exptime else None
    if not scale:
        return 0.0, background.rate
    if job.shape == Shape.POINT or not exptime:
        return 0.0, rate
    return min(rate / 3600 * exptime / scale, longest), rate


def _direction(rng: np.random.Generator, frames: list[Frame]) -> float:
    """Return the direction of motion in the picture, from +x towards +y: north is up and east is left."""
    known = [frame for frame in frames if frame.ra is not None and frame.dec is not None]
    if _follow(frames):
        first, last = known[0], known[-1]
        assert first.ra is not None and last.ra is not None  # noqa: S101, PT018 - tells mypy what the list holds
        assert first.dec is not None and last.dec is not None  # noqa: S101, PT018
        east = (last.ra - first.ra + 180) % 360 - 180
        return float(np.arctan2(last.dec - first.dec, -east * np.cos(np.radians(first.dec))))
    return float(rng.uniform(0, 2 * np.pi))


def _follow(frames: list[Frame]) -> bool:
    """Return whether each frame is centred on the detection, so that a mover stays in place."""
    places = [(frame.ra, frame.dec) for frame in frames if frame.ra is not None and frame.dec is not None]
    return len(places) > 1 and any(max(abs(a - c), abs(b - d)) > SAME_PLACE for a, b in places for c, d in places[:1])


def _drift(
    frames: list[Frame], pixels: NDArray[Any], rate: float | None, scale: float | None, length: float
) -> NDArray[np.float64]:
    """Return the displacement along the motion by frame, (F, 1) pixels from the middle; 0 for centred frames."""
    count = len(pixels)
    if count == 1 or _follow(frames):
        return np.zeros((count, 1))
    times = [frame.mjd_mid for frame in frames]
    if rate and scale and len(times) == count and None not in times:
        moved = np.array(times, np.float64) * (24 * rate / scale)
    else:
        moved = np.arange(count, dtype=np.float64) * max(3.0, length)
    moved -= moved.mean()
    most = min(pixels.shape[-2:]) / 4
    shrink = min(1.0, most / max(float(np.abs(moved).max()), 1e-9))
    return (moved * shrink)[:, None]


def _between_channels(background: Subject, channels: int, length: float) -> NDArray[np.float64]:
    """Return the displacement along the motion by channel, (1, C): dithers are successive exposures."""
    names = [str(name).lower() for name in background.survey.channels]
    if len(names) == channels > 1 and all(name.startswith(("dither", "exposure")) for name in names):
        steps = np.arange(channels, dtype=np.float64) - (channels - 1) / 2
        return np.multiply(steps, max(length, 2.0), dtype=np.float64)[None, :]
    return np.zeros((1, channels))


def _free_place(rng: np.random.Generator, pixels: NDArray[Any], fwhm: float) -> tuple[float, float] | None:
    height, width = pixels.shape[-2:]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    tries = [middle + rng.normal(0, 0.4, 2)]
    tries += [middle + rng.uniform(-0.25, 0.25, 2) * (width, height) for _ in range(TRIES)]
    for x, y in tries:
        if is_empty(pixels, x, y, radius=1.5 * fwhm):
            return float(x), float(y)
    return None


def turned(ra: float | None, turn: float) -> float | None:
    """Return the right ascension after rotating the sky about its pole, to a place without other subjects."""
    return None if ra is None else (ra + turn) % 360


def _seen(frame: Frame, turn: float) -> dict[str, Any]:
    """Return the background's frame metadata, at the rotated sky position."""
    wcs = frame.wcs and frame.wcs | {"CRVAL1": turned(frame.wcs.get("CRVAL1"), turn)}
    return {
        "mjd_mid": frame.mjd_mid,
        "mjd_keyword": frame.mjd_keyword,
        "exptime": frame.exptime,
        "band": frame.band,
        "wcs": wcs,
        "ra": turned(frame.ra, turn),
        "dec": frame.dec,
        "mag": frame.mag,
        "snr": frame.snr,
        "rms_ra": frame.rms_ra,
        "rms_dec": frame.rms_dec,
        "rms_corr": frame.rms_corr,
    }
