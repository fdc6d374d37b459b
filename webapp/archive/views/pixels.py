"""Pixels for browsers: raw numbers, and pictures drawn here. Their addresses hold a checksum, so they never change."""

import json
from typing import Any

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ml.imaging.browser_encoding import raw_frame
from ml.imaging.display import STRETCHES
from ml.imaging.png import to_png
from webapp.archive.models import Subject
from webapp.archive.pixels import pixels_of

LARGEST = 1024
ALIGNMENT = 4

for_ever = cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)


@require_safe
@for_ever
def numbers(request: HttpRequest, subject: int, checksum: str) -> HttpResponse:
    """Answer with what the pixels are, as JSON, and the pixels themselves, in one body.

    A little-endian uint32 tells the length of the JSON, which is padded so that the numbers after it are aligned.
    """
    block = _block(subject, checksum)
    body, meta = raw_frame(block)
    names = ("frames", "channels", "height", "width")
    head = json.dumps({**meta, **dict(zip(names, block.shape, strict=True))}).encode()
    head += b" " * (-len(head) % ALIGNMENT)
    return HttpResponse(len(head).to_bytes(4, "little") + head + body, content_type="application/octet-stream")


@require_safe
@for_ever
def picture(request: HttpRequest, subject: int, checksum: str) -> HttpResponse:
    """Answer with a PNG: of one frame or all, one channel or all, stretched, enlarged and inverted as asked."""
    try:
        options = _options(request)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    block = _block(subject, checksum)
    for axis, name in enumerate(("frame", "channel")):
        block = _chosen(block, axis, options[name])
    png = to_png(block, stretch=options["stretch"], size=options["size"], invert=options["invert"])
    return HttpResponse(png, content_type="image/png")


def _block(subject: int, checksum: str) -> np.ndarray:
    row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject, checksum=checksum)
    try:
        return pixels_of(row)
    except LookupError as error:
        raise Http404(str(error)) from error


def _options(request: HttpRequest) -> dict[str, Any]:
    stretch = request.GET.get("stretch", "zscale")
    if stretch not in STRETCHES:
        raise ValueError(f"No stretch is called “{stretch}”; there are {', '.join(STRETCHES)}.")
    size = _number(request, "size")
    if size is not None and not 1 <= size <= LARGEST:
        raise ValueError(f"A picture is 1 to {LARGEST} pixels high.")
    return {
        "stretch": stretch,
        "size": size,
        "invert": request.GET.get("invert", "") in ("1", "true"),
        "frame": _number(request, "frame"),
        "channel": _number(request, "channel"),
    }


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise ValueError(f"“{name}” is a whole number, counted from 0.")
    return int(text)


def _chosen(block: np.ndarray, axis: int, place: int | None) -> np.ndarray:
    if place is None:
        return block
    if place >= block.shape[axis]:
        raise Http404(f"This subject has {block.shape[axis]} of those, counted from 0.")
    return block.take([place], axis=axis)
