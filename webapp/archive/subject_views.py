"""The archive browser, with its whole state in the URL; and subject pixels as raw values and as PNG."""

import json
from typing import Any

import numpy as np
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact, GreaterThan, StartsWith
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from ml.imaging.browser_encoding import raw_frame
from ml.imaging.display import STRETCHES
from ml.imaging.png import to_png
from webapp.archive.access import survey_page
from webapp.archive.blinding import after_answer, blind_names, only_unblinded, opened, with_unblinded
from webapp.archive.footprints import store_footprint
from webapp.archive.light_curve import measurements, plot, table
from webapp.archive.models import Frame, Kind, Membership, Role, Subject, Survey
from webapp.archive.models.subject import KNOWN_ORBIT, NAME_KEY
from webapp.archive.pixels import pixels_of
from webapp.archive.search_page import PER_PAGE, search_page
from webapp.core.keyset_pagination import query_with
from webapp.core.page_rates import SearchRate, refuse

SOURCES = {
    "manifest": _("the manifest"),
    "ruling": _("a scientist’s verdict"),
    "synthetic": _("the simulation"),
    KNOWN_ORBIT: _("a known object’s orbit"),
}


class FilterForm(forms.Form):
    """Volunteers' filters; invalid values are ignored. Object names can reveal the class, so few may filter by them."""

    text = forms.CharField(required=False, label=_("Name begins with"), max_length=100)
    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=[("", _("any")), *Kind.choices])
    after = forms.IntegerField(required=False, widget=forms.HiddenInput)


@require_safe
def subjects(request: HttpRequest, slug: str) -> HttpResponse:
    survey = get_object_or_404(Survey, slug=slug)
    if _knows_truth(request, survey):
        return search_page(request, survey)
    form = FilterForm(request.GET)
    form.is_valid()
    if _looks_for(form) and not (rate := SearchRate()).allow_request(request, None):
        return refuse(request, rate)
    rows = list(_matching(survey, form.cleaned_data, request.user)[: PER_PAGE + 1])
    for row in rows:
        row.survey = survey
    blind_names(rows, request.user)
    page = {"form": form, "subjects": rows[:PER_PAGE], "next": _next(request, rows)}
    return render(request, "archive/subjects.html", {"survey": survey, "knows_truth": False, **page})


@require_POST
@survey_page(Role.SCIENTIST)
def moc_upload(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Store an uploaded MOC, and search in it, with the filters and the view that the page had."""
    file, region = request.FILES.get("file"), {}
    try:
        if not isinstance(file, UploadedFile):
            raise ValueError(_("Choose a file first."))
        region = {"moc": store_footprint(survey, file).name}
    except ValueError as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('subjects', args=[survey.slug])}?{query_with(request.GET, **region)}")


@require_safe
def subject(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    rows = with_unblinded(Subject.objects.select_related("survey", "duplicate_of"), request.user)
    row: Any = get_object_or_404(rows, survey__slug=slug, pk=pk)
    knows_truth = _knows_truth(request, row.survey)
    hidden = set() if row.is_unblinded or knows_truth else set(row.survey.leaky_columns)
    blind_names([row], request.user)
    page = {
        "subject": row,
        "frames": (frames := list(row.frames.all())),
        "hidden": hidden,
        "filled": Frame.measured(frames) - hidden - (set() if row.is_unblinded else {"mag", "snr"}),
        "metadata": _metadata(row, knows_truth),
        "light_curve": plot(row.light_curve) if row.is_unblinded and row.light_curve else None,
        "source": SOURCES.get(row.gold_source, row.gold_source),
        "card": _("An image of the sky, to look at and to talk about. What do you see?"),
    }
    return render(request, "archive/subject.html", {"survey": row.survey, "knows_truth": knows_truth, **page})


@require_safe
def light_curve_csv(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Return the measurements behind the drawing, for those who may see it."""
    row: Any = get_object_or_404(with_unblinded(Subject.objects.all(), request.user), survey__slug=slug, pk=pk)
    if not row.is_unblinded:
        raise PermissionDenied(_("The light curve is shown after your answer."))
    return table(measurements(row, row.frames.all())).as_csv(f"light-curve-{row.pk}.csv")


def _metadata(row: Any, knows_truth: bool) -> dict[str, Any]:
    if knows_truth:
        return {key: value for key, value in row.metadata.items() if not key.startswith("#")}
    return after_answer(row.metadata) if row.is_unblinded else opened(row.metadata, row.survey)


def _knows_truth(request: HttpRequest, survey: Survey) -> bool:
    """Return whether to show classes and objects: not to volunteers, who may get them for training."""
    return Membership.objects.allows(request.user, survey, Role.SCIENTIST)


def _looks_for(form: FilterForm) -> bool:
    return bool(form.cleaned_data.get("text") or form.cleaned_data.get("kind"))


def _matching(survey: Survey, wanted: dict[str, Any], user: Any) -> QuerySet[Subject]:
    """Return subjects ordered by id, starting after `after`: late pages cost no more than the first.

    A name is looked up by its beginning, and its subjects come in the order of their names, as the index has them.
    """
    rows = Subject.objects.filter(survey=survey).order_by("pk")
    if wanted.get("text"):
        found = _by_beginning(rows, wanted)
        return only_unblinded(found, user) if "external_id" in survey.leaky_columns else found
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    return rows.filter(pk__gt=wanted["after"]) if wanted.get("after") else rows


def _by_beginning(rows: QuerySet[Subject], wanted: dict[str, Any]) -> QuerySet[Subject]:
    found = rows.filter(StartsWith(NAME_KEY, wanted["text"].upper()))
    if wanted.get("kind"):
        found = found.filter(kind=wanted["kind"])
    if wanted.get("after"):
        last = rows.filter(pk=wanted["after"]).values_list(NAME_KEY, flat=True).first() or ""
        found = found.filter(GreaterThan(NAME_KEY, last) | Q(Exact(NAME_KEY, last), pk__gt=wanted["after"]))
    return found.order_by(NAME_KEY, "pk")


def _next(request: HttpRequest, found: list[Subject]) -> str:
    """Return the query string of the next page, or nothing at the end."""
    return query_with(request.GET, after=found[PER_PAGE - 1].pk) if len(found) > PER_PAGE else ""


LARGEST = 1024
ALIGNMENT = 4

for_ever = cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)


@require_safe
@for_ever
def numbers(request: HttpRequest, subject: int, checksum: str) -> HttpResponse:
    """Return pixel metadata as JSON, followed by the pixels, in one body.

    A little-endian uint32 gives the length of the JSON, which is padded to align the pixels after it.
    """
    block = _block(_subject(subject, checksum))
    body, meta = raw_frame(block)
    names = ("frames", "channels", "height", "width")
    head = json.dumps({**meta, **dict(zip(names, block.shape, strict=True))}).encode()
    head += b" " * (-len(head) % ALIGNMENT)
    return HttpResponse(len(head).to_bytes(4, "little") + head + body, content_type="application/octet-stream")


@require_safe
def picture(request: HttpRequest, subject: int, checksum: str) -> HttpResponse:
    """Return a PNG of one or all frames and channels, stretched, enlarged and inverted as requested."""
    row = _subject(subject, checksum)
    return _drawn(request, row) if row.pixels_dropped_at is None else redirect(static("archive/no-pixels.svg"))


@for_ever
def _drawn(request: HttpRequest, row: Subject) -> HttpResponse:
    try:
        options = _options(request)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    block = _block(row)
    for axis, name in enumerate(("frame", "channel")):
        block = _chosen(block, axis, options[name])
    png = to_png(block, stretch=options["stretch"], size=options["size"], invert=options["invert"])
    return HttpResponse(png, content_type="image/png")


def _subject(key: int, checksum: str) -> Subject:
    return get_object_or_404(Subject.objects.select_related("survey"), pk=key, checksum=checksum)


def _block(row: Subject) -> np.ndarray:
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
