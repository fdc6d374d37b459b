"""What a report says: its ADES block from frames and settings, and everything that is wrong with it."""

import hashlib
import math
from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from django.utils.translation import gettext_noop

from ml.io.observer_place import observer_place
from ml.sky.ades import Block, Group, Record, write_psv, write_xml
from ml.sky.ades_record import UNKNOWN_BAND, location, positive, record_of, write_obs80_report
from ml.sky.ades_rules import BANDS, Problem, problems_of, tracklet_problems
from ml.sky.detections import ONE_EXPOSURE
from ml.sky.motion import astrometric_error
from ml.sky.observatories import read_observatories
from ml.sky.tangent_plane import separation, unit_vectors
from webapp.archive.models import Frame, Survey
from webapp.core.stored_messages import Sentence
from webapp.reports.drafts import reportable
from webapp.reports.models import Report, ReportedTracklet, ReportSettings
from webapp.reports.remarks import remarks_on
from webapp.review.doubts import Doubt, doubts_about

SAME_PLACE = 2.0  # arcsec: two positions nearer than this, at one time, are one detection

EMPTY = Sentence(gettext_noop("The report has no tracklets."))
SIMULATED = Sentence(gettext_noop("The survey's sky is simulated. Its tracklets must not be reported."))
NO_CODE = Sentence(gettext_noop("The survey has no observatory code. An admin sets it in the survey's settings."))
NOT_CONFIRMED = Sentence(
    gettext_noop("%(name)s (%(subject)s) is no longer confirmed and unidentified. Remove it from the draft.")
)
DOUBTS = {
    Doubt.HELD: Sentence(
        gettext_noop("%(name)s (%(subject)s) is on hold. Release it on the Review page, or remove it here.")
    ),
    Doubt.CONFLICT: Sentence(
        gettext_noop(
            "Scientists disagree about %(name)s (%(subject)s). Settle it on the Review page, or remove it here."
        )
    ),
    Doubt.SECOND: Sentence(
        gettext_noop("A second opinion on %(name)s (%(subject)s) is wanted. Wait until it is given, or remove it here.")
    ),
}
NO_POSITION = Sentence(gettext_noop("%(name)s: frame %(frame)s has no time or position in range, so it is left out."))
NO_POSITIONS = Sentence(gettext_noop("%(name)s (%(subject)s) has no frame with a time and a position."))
NO_MAGNITUDE = Sentence(gettext_noop("%(name)s has no magnitude here; the position is reported without."))
NO_BAND = Sentence(gettext_noop("“%(band)s” is not an ADES band. An admin can map it to one in the report settings."))
REPORTED_BEFORE = Sentence(gettext_noop("This detection is also in report %(report)s, as %(name)s."))
TWICE = Sentence(gettext_noop("This detection is twice in this report: also as %(name)s."))


class Contents:
    """The contents of a draft, or of a report as it would be drafted today."""

    def __init__(self, report: Report, settings: ReportSettings) -> None:
        self.report, self.settings = report, settings
        self.tracklets = list(report.tracklets.select_related("subject"))
        self.frames = _frames_of(self.tracklets)

    @cached_property
    def rows(self) -> list[tuple[ReportedTracklet, Frame]]:
        """The reported positions, tracklet by tracklet in order of time."""
        by_subject: dict[int, list[Frame]] = {}
        for frame in self.frames:
            if _is_usable(frame):
                by_subject.setdefault(frame.subject_id, []).append(frame)
        return [(each, frame) for each in self.tracklets for frame in by_subject.get(each.subject_id, [])]

    @cached_property
    def block(self) -> Block:
        return Block(_context(self.settings), [self._record(*row) for row in self.rows])

    @cached_property
    def problems(self) -> list[Problem]:
        """Everything that is wrong, also with single positions; a remark does not block the report."""
        whole = [Problem(message) for message in self._sentences()]
        names = {each.subject_id: each.trk_sub for each in self.tracklets}
        remarks = [*self._left_out(), *remarks_on(self.settings.survey, names)]
        return [*whole, *remarks, *self._checks(), *self._duplicates(), *self._photometry()]

    @property
    def is_ready(self) -> bool:
        return not any(problem.blocks for problem in self.problems)

    @property
    def blocked(self) -> set[int]:
        """The keys of the reported tracklets with a position that keeps the report from being signed."""
        rows = [each.row for each in self.problems if each.blocks and each.row is not None]
        return {self.rows[row][0].pk for row in rows}

    @property
    def digest(self) -> str:
        """Return a hash of the PSV, by which a signature knows what was seen."""
        return hashlib.blake2b(write_psv(self.block).encode(), digest_size=16).hexdigest()

    def files(self) -> dict[str, str]:
        """Return the report in all formats; 80 columns stay empty where a code or a place is too long for them."""
        try:
            columns = write_obs80_report(self.block)
        except ValueError:
            columns = ""
        return {"psv": write_psv(self.block), "xml": write_xml([self.block]).decode(), "obs80": columns}

    def _record(self, tracklet: ReportedTracklet, frame: Frame) -> Record:
        settings = self.settings
        texts = {
            "trkSub": tracklet.trk_sub,
            "mode": settings.mode,
            "stn": settings.survey.observatory,
            **location(
                read_observatories().get(settings.survey.observatory),
                observer_place(tracklet.subject.metadata, frame.position),
            ),
            "astCat": settings.catalogue,
            "exp": positive(frame.exptime, 1, 6),
            **_errors(settings.survey, frame),
        }
        if _has_magnitude(frame):
            texts |= {"mag": f"{frame.mag:.2f}", "band": self._band(frame) or UNKNOWN_BAND}
        return record_of(frame.mjd_mid or 0.0, frame.ra or 0.0, frame.dec or 0.0, **texts)

    def _sentences(self) -> Iterator[str]:
        if not self.tracklets:
            yield EMPTY()
        if self.settings.survey.is_simulated:
            yield SIMULATED()
        if not self.settings.survey.observatory:
            yield NO_CODE()
        keys = [each.subject_id for each in self.tracklets]
        fine = set(reportable(self.settings.survey).filter(pk__in=keys).values_list("pk", flat=True))
        placed = {frame.subject_id for _, frame in self.rows}
        doubts = doubts_about(keys)
        for each in self.tracklets:
            wrong = [DOUBTS[doubt] for doubt in doubts.get(each.subject_id, [])]
            wrong += [NOT_CONFIRMED] if each.subject_id not in fine else []
            wrong += [NO_POSITIONS] if each.subject_id not in placed else []
            for sentence in wrong:
                yield sentence(name=each.trk_sub, subject=each.subject)

    def _checks(self) -> Iterable[Problem]:
        """Return what the rules of ADES say; without an observatory code, only those for tracklets make sense."""
        known = read_observatories()
        if not self.rows:
            return []
        if not self.settings.survey.observatory:
            return tracklet_problems(self.block.observations, known)
        return problems_of(self.block, known)

    def _left_out(self) -> Iterator[Problem]:
        names = {each.subject_id: each.trk_sub for each in self.tracklets}
        for frame in self.frames:
            if not _is_usable(frame):
                message = NO_POSITION(name=names[frame.subject_id], frame=frame.position + 1)
                yield Problem(message, blocks=False)

    def _photometry(self) -> Iterator[Problem]:
        for row, (tracklet, frame) in enumerate(self.rows):
            if not _has_magnitude(frame):
                yield Problem(NO_MAGNITUDE(name=tracklet.trk_sub), row, blocks=False)
            elif self._band(frame) is None:
                yield Problem(NO_BAND(band=frame.band), row)

    def _band(self, frame: Frame) -> str | None:
        """Return the ADES band of a frame; None if the settings do not say which."""
        name = self.settings.bands.get(frame.band, frame.band or UNKNOWN_BAND)
        return name if name in BANDS else None

    def _duplicates(self) -> Iterator[Problem]:
        """Yield detections that are in another report of the observatory, or twice in this one."""
        here = [frame for _, frame in self.rows]
        times = [frame.mjd_mid for frame in here if frame.mjd_mid is not None]
        if not times:
            return
        others = ReportedTracklet.objects.filter(report__survey__observatory=self.settings.survey.observatory)
        others = others.exclude(report=self.report).filter(
            subject__frames__mjd_mid__range=(min(times) - ONE_EXPOSURE, max(times) + ONE_EXPOSURE)
        )
        before = {each.subject_id: each for each in others.distinct()}
        there = [frame for frame in _frames_of(before.values()) if _is_usable(frame)]
        for row, other in _same(here, there):
            each = before[there[other].subject_id]
            yield Problem(REPORTED_BEFORE(report=each.report_id, name=each.trk_sub), row)
        for row, other in _same(here, here):
            if other < row and here[other].subject_id != here[row].subject_id:
                yield Problem(TWICE(name=self.rows[other][0].trk_sub), row)


def _frames_of(tracklets: Iterable[ReportedTracklet]) -> list[Frame]:
    frames = Frame.objects.filter(subject__in=[each.subject_id for each in tracklets])
    return list(frames.order_by("subject", "mjd_mid", "position").only(
        "subject", "position", "mjd_mid", "exptime", "band", "ra", "dec", "mag", "snr", "rms_ra",
        "rms_dec", "rms_corr",
    ))  # fmt: skip


def _is_usable(frame: Frame) -> bool:
    place = (frame.mjd_mid, frame.ra, frame.dec)
    return all(each is not None and math.isfinite(each) for each in place) and abs(frame.dec or 0) <= 90


def _has_magnitude(frame: Frame) -> bool:
    return frame.mag is not None and math.isfinite(frame.mag)


def _errors(survey: Survey, frame: Frame) -> Record:
    """Return a detection's S/N, and the errors of its position: its own, or else by S/N where the survey says how."""
    snr = frame.snr if frame.snr and frame.snr > 0 and math.isfinite(frame.snr) else None
    texts = {"logSNR": f"{math.log10(snr):.2f}"} if snr else {}
    by_snr = None
    if snr and survey.seeing:
        by_snr = float(astrometric_error(np.array(snr), **survey.usual_errors()))
    errors = frame.rms_ra or by_snr, frame.rms_dec or by_snr
    if all(errors):
        texts |= {name: positive(error, 3, 7) for name, error in zip(("rmsRA", "rmsDec"), errors, strict=True)}
    if frame.rms_ra and frame.rms_dec and frame.rms_corr is not None:
        texts["rmsCorr"] = f"{frame.rms_corr:.4f}"
    return texts


def _same(one: list[Frame], other: list[Frame]) -> Iterator[tuple[int, int]]:
    """Yield pairs of frames, by place in the lists, that show one detection: at one time, in one place."""
    if not one or not other:
        return
    times, places = _arrays(other)
    order = np.argsort(times)
    for at, (mjd, place) in enumerate(zip(*_arrays(one), strict=True)):
        first, last = np.searchsorted(times[order], [mjd - ONE_EXPOSURE, mjd + ONE_EXPOSURE])
        near = order[first:last]
        for index in near[separation(place, places[near]) < SAME_PLACE]:
            yield at, int(index)


def _arrays(frames: list[Frame]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array([(frame.mjd_mid, frame.ra, frame.dec) for frame in frames], float)
    return table[:, 0], unit_vectors(table[:, 1], table[:, 2])


def _context(settings: ReportSettings) -> list[Group]:
    survey = settings.survey
    telescope = {
        "design": settings.design,
        "aperture": positive(settings.aperture, 2, 6),
        "detector": settings.detector,
        "fRatio": positive(settings.focal_ratio, 2, 6),
        "pixelScale": positive(survey.pixel_scale, 3, 6),
    }
    groups: list[Group] = [
        ("observatory", [("mpcCode", survey.observatory)]),
        ("submitter", [("name", settings.submitter), ("institution", settings.institution)]),
        ("measurers", [("name", name) for name in settings.measurers]),
        ("telescope", list(telescope.items())),
    ]
    return [(group, [(name, _printable(text)) for name, text in elements if text]) for group, elements in groups]


def _printable(text: str) -> str:
    """Return a text with plain blanks in place of others, as pasted names have them, and without invisible letters."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
