"""Turn the planes of image files into a subject's frames."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.io.limits import check_bytes
from ml.io.message import Message
from ml.io.picture import Facts, Picture, Selection, span
from ml.io.records import KINDS, BadInput, FrameRecord

FRAMES = {"stamp": (1, 1), "tracklet": (3, 8), "cutout": (1, 1), "cube": (3, 100_000)}
"""Minimum and maximum number of frames of a subject, by kind."""

MOST_CHANNELS = 4
_MOVERS = ("tracklet", "cube")
_LARGE_SIDE = 256


@dataclass(slots=True)
class Part:
    """The planes that one subject takes from one file.

    Attributes
    ----------
    pixels
        (…, H, W), two to four axes.
    colours, kind
        See `Picture`.
    facts
        The metadata of a plane, counted from the first selected one.
    """

    pixels: np.ndarray
    colours: bool
    kind: str | None
    facts: Callable[[int], Facts]


def take(picture: Picture, selection: Selection) -> Part:
    """Read the selected planes of `picture` into memory."""
    if selection is not None:
        _check_selection(picture, selection)
    try:
        pixels = picture.take(selection)
    except BadInput:
        raise
    except (OSError, ValueError) as error:  # ValueError: an earlier row's damaged tiles closed the file
        raise BadInput(
            "cannot be read (%(error)s). Check the disk and the file, and try again.", error=error
        ) from error
    if not 2 <= pixels.ndim <= 4:
        raise BadInput(
            "has %(axes)s axes %(shape)s; a subject takes two to four: (frames, channels, height, width)."
            " Name one entry of a shared cube with a `plane` column.",
            axes=pixels.ndim,
            shape=pixels.shape,
        )
    first = span(selection, picture.shape[0])[0] if len(picture.shape) > 2 else 0
    return Part(pixels, picture.colours, picture.kind, lambda plane: picture.facts(first + plane))


def _check_selection(picture: Picture, selection: Selection) -> None:
    planes = picture.shape[0] if len(picture.shape) > 2 else 1
    first, count = (selection, 1) if isinstance(selection, int) else (selection.start, selection.stop - selection.start)  # type: ignore[union-attr]
    if len(picture.shape) <= 2 or first + count > planes:
        last = first + count - 1
        raise BadInput(
            "has planes 0 to %(most)s, but the row asks for plane %(plane)s. Planes are counted from 0.",
            most=planes - 1,
            plane=last,
        )


def frames(parts: list[Part], kind: str | None) -> tuple[str, list[FrameRecord]]:
    """Arrange `parts` as a subject.

    Raises BadInput: wrong number of frames or channels, frames of different shape, or no pixel with a number.

    Parameters
    ----------
    parts
        The parts of each file, in order. Further files are frames of a tracklet or cube, and channels of a stamp or
        cutout; so are planes within one file, except colours, which are always channels.
    kind
        The kind of subject; None to infer it from the shape.

    Returns
    -------
    tuple
        The kind, and its frames.
    """
    if kind is not None and kind not in KINDS:
        raise BadInput("kind “%(kind)s” is not known. Known are %(kinds)s.", kind=kind, kinds=", ".join(KINDS))
    kind = kind or parts[0].kind or _guess(parts)
    block = _one_file(parts[0], kind) if len(parts) == 1 else _many_files(parts, kind)
    _check(block, kind)
    facts = [parts[index].facts(plane) for index, plane in _origin(parts, kind, len(block))]
    return kind, [
        FrameRecord(pixels, fact.mjd_mid, fact.mjd_keyword, fact.exptime, fact.band, fact.wcs)
        for pixels, fact in zip(block, facts, strict=True)
    ]


def _guess(parts: list[Part]) -> str:
    shape = parts[0].pixels.shape
    count = len(parts) if len(parts) > 1 else 1 if parts[0].colours or len(shape) == 2 else shape[0]
    if count >= 3:
        return "tracklet" if count <= FRAMES["tracklet"][1] else "cube"
    return "cutout" if max(shape[-2:]) > _LARGE_SIDE else "stamp"


def _one_file(part: Part, kind: str) -> np.ndarray:
    pixels = part.pixels
    if pixels.ndim == 3:
        return pixels[:, None] if kind in _MOVERS and not part.colours else pixels[None]
    return pixels if pixels.ndim == 4 else pixels[None, None]


def _many_files(parts: list[Part], kind: str) -> np.ndarray:
    shapes = {part.pixels.shape for part in parts}
    if len(shapes) > 1 or any(len(shape) == 4 for shape in shapes):
        shapes_in_words = " and ".join(str(shape) for shape in sorted(shapes))
        raise BadInput(
            "its files have shapes %(shapes)s; all must be equal, (height, width) or (channels, height, width).",
            shapes=shapes_in_words,
        )
    check_bytes(sum(part.pixels.nbytes for part in parts), Message("this subject"))
    channels = [part.pixels if part.pixels.ndim == 3 else part.pixels[None] for part in parts]
    return np.stack(channels) if kind in _MOVERS else np.concatenate(channels)[None]


def _check(block: np.ndarray, kind: str) -> None:
    count, channels, height, width = block.shape
    if not height * width:
        raise BadInput(
            "its image is %(width)s × %(height)s pixels: nothing to look at. Leave it out, or make it again.",
            width=width,
            height=height,
        )
    fewest, most = FRAMES[kind]
    if most == 1 < count:
        raise BadInput(
            "a %(kind)s is one frame, and this has %(count)s. Leave out frames, or change `kind`.",
            kind=kind,
            count=count,
        )
    if not fewest <= count <= most:
        allowed = f"{fewest} to {most:,}"
        raise BadInput(
            "a %(kind)s has %(allowed)s frames, and this has %(count)s. Add or leave out frames, or change `kind`.",
            kind=kind,
            allowed=allowed,
            count=count,
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise BadInput(
            "a %(kind)s has 1 to %(most)s channels, and this has %(channels)s. Choose planes with a "
            "`plane` or `planes` column, or change `kind`.",
            kind=kind,
            most=MOST_CHANNELS,
            channels=channels,
        )
    if block.dtype.kind == "f" and not np.isfinite(block.flat[block.size // 2]) and not np.isfinite(block).any():
        raise BadInput("every pixel is NaN: there is nothing to see. Leave it out, or make the cut-out again.")


def _origin(parts: list[Part], kind: str, count: int) -> list[tuple[int, int]]:
    """Return which part, and which plane of it, gives the time of each frame."""
    if len(parts) > 1 and kind in _MOVERS:
        return [(index, 0) for index in range(count)]
    return [(0, plane) for plane in range(count)]
