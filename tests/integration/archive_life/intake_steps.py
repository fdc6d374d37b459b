"""Steps that bring data in: manifests, again and killed half-way, alerts, and files that the site itself has sent."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
from astropy.io import fits
from django.conf import settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import rule

from ml.io.alerts.filters import Filter
from ml.storage.pixel_store import PixelStore
from tasks.jobs import run_ingest
from tests.integration.archive.sky import run_ingest as ingest_path
from tests.integration.archive_life.small_archive import (
    PLANES,
    STEPS,
    Counts,
    Killed,
    Put,
    Row,
    SmallArchive,
    alert,
    alert_pixels,
    killed_at,
)
from webapp.archive.ingest.pixel_writer import PixelWriter
from webapp.archive.models import IngestRun
from webapp.archive.pixel_files import fits_file
from webapp.archive.pixels import pixels_of
from webapp.streams import store as storing
from webapp.streams.models import Stream
from webapp.streams.read_messages import Reader, Received

names = st.sampled_from([f"n{number}" for number in range(8)])
sets = st.sampled_from(["a", "b"])
groups = st.sampled_from(["", "", "g0", "g1", "g2"])
stamps = st.builds(
    Row, name=names, kind=st.just("stamp"), plane=st.integers(0, PLANES - 1), group=groups,
    gold=st.sampled_from(["", "", "yes", "no"]), is_there=st.sampled_from([True] * 7 + [False]),
)  # fmt: skip
tracklets = st.builds(
    Row, name=names.map(lambda name: f"t{name}"), kind=st.just("tracklet"), plane=st.integers(0, PLANES - 3),
    group=groups,
)  # fmt: skip
manifests = st.lists(stamps | tracklets, min_size=1, max_size=6)
topics = st.sampled_from([(0,), (1,), (0, 1)])
numbers = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@cache
def message(number: int, folder: Path) -> bytes:
    return alert(number, folder)


class IntakeSteps:
    world: SmallArchive

    @rule(rows=manifests, subject_set=sets)
    def ingest(self, rows, subject_set):
        dry, run = (self.world.begin(rows, subject_set, dry_run=is_dry) for is_dry in (True, False))
        before = len(self.world.put)
        for each in (dry, run, run):  # the message comes twice
            run_ingest(each.pk)
            each.refresh_from_db()
        wanted = self.world.expect(rows, subject_set)
        assert self.counts(run) == self.counts(dry) == wanted, (run.error, before)
        assert run.state == ("failed" if wanted.bad == len(rows) else "done"), run.error

    @rule(rows=manifests, subject_set=sets, step=st.sampled_from(STEPS), times=st.integers(1, 3))
    def ingest_killed_half_way(self, rows, subject_set, step, times):
        run = self.world.begin(rows, subject_set)
        killed_at(run, step, times)
        IngestRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        run_ingest(run.pk)
        run.refresh_from_db()
        found, wanted = self.counts(run), self.world.expect(rows, subject_set)
        assert found.bad == run.problems.count()
        assert found.bad + found.known == wanted.bad + wanted.known  # the file of a name that is stored is not opened
        assert replace(found, bad=0, known=0) == replace(wanted, bad=0, known=0), (run.state, run.error)

    @staticmethod
    def counts(run):
        return Counts(**{name: getattr(run, name) for name in Counts.__dataclass_fields__})

    @rule(rows=manifests, subject_set=sets)
    def give_up_and_begin_anew(self, rows, subject_set):
        """A run that was killed and never taken up again; the same manifest is ingested by another."""
        killed_at(self.world.begin(rows, subject_set), "write_frames", 2)
        run = self.world.begin(rows, subject_set)
        run_ingest(run.pk)
        self.world.expect(rows, subject_set)

    @rule(several=numbers, topics=topics, repeats=st.integers(0, 2), is_killed=st.booleans())
    def listen(self, several, topics, repeats, is_killed):
        """Take alerts from one topic, or the same from two; a broker sends the last ones again."""
        for place in topics:
            self.listen_to(place, several, repeats, is_killed)

    def listen_to(self, place, several, repeats, is_killed):
        stream = Stream.objects.select_related("survey").get(pk=self.world.streams[place].pk)
        first = self.world.offsets[stream.topic]
        values = [message(number, self.world.folder.parent) for number in several]
        messages = [Received(0, first + at, value) for at, value in enumerate(values)]
        if is_killed:
            self.keep_killed(stream, messages)
        self.keep(stream, messages)
        self.keep(stream, messages[len(messages) - repeats :])
        self.world.offsets[stream.topic] += len(messages)
        for number in several:
            self.world.put.setdefault(str(number), Put("stamp", alert_pixels(number), f"g{number % 3}"))
            self.world.sets[stream.subject_set].add(str(number))

    @staticmethod
    def keep(stream, messages):
        readings = Reader(stream.topic, b"", Filter(""), []).read(messages)
        storing.store(stream, readings, PixelWriter(PixelStore(settings.PIXELS), stream.survey))

    def keep_killed(self, stream, messages):
        bury, storing._bury = storing._bury, self.die
        try:
            self.keep(stream, messages)
        except Killed:
            pass
        finally:
            storing._bury = bury

    @staticmethod
    def die(*_):
        raise Killed

    @rule(name=names, subject_set=sets)
    def bring_back_what_was_sent(self, name, subject_set):
        """A subject's own FITS file comes back under another name, as the same image with the same time."""
        if name not in self.world.put or self.world.subject(name).pixels_dropped_at:
            return
        row = self.world.subject(name)
        self.world.runs += 1
        path = self.world.folder / f"sent-{self.world.runs}" / f"{name}.fits"
        path.parent.mkdir()
        path.write_bytes(fits_file(row, pixels_of(row)))
        assert np.array_equal(fits.getdata(path, 1)[None, None], pixels_of(row))
        ingest_path(self.world.survey, path, subject_set=subject_set)
        known = f"{name}.fits"
        self.world.put.setdefault(known, replace(self.world.put[name], group=known, gold=""))
        self.world.sets[subject_set].add(known)
        times = [list(self.world.subject(each).frames.values_list("mjd_mid", flat=True)) for each in (name, known)]
        assert times[0] == times[1]
