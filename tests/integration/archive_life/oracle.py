"""What must be true of an archive, from what was put into it alone."""

import csv
import io
from collections import defaultdict
from itertools import combinations

import numpy as np
import pyarrow.parquet as pq

from tests.integration.archive_life.small_archive import SmallArchive, same
from webapp.archive.models import Exposure, Frame, Subject, SubjectSet
from webapp.archive.pixels import pixel_store
from webapp.consensus.models import Consensus
from webapp.exports.formats import EXPORTS
from webapp.linking.models import Decision, Proposal
from webapp.queue.models import QueueEntry
from webapp.retention.models import RetentionRun


class Oracle:
    """The rows of an archive, read once."""

    def __init__(self, world: SmallArchive) -> None:
        self.world = world
        rows = Subject.objects.filter(survey=world.survey).order_by("pk")
        self.all = {row.pk: row for row in rows}
        self.named = {row.external_id: row for row in rows if not row.is_synthetic}
        self.entries = list(QueueEntry.objects.select_related("workflow"))

    def check(self, *, with_exports: bool) -> None:
        for check in (self.subjects, self.pixels, self.duplicates, self.sets, self.queues, self.objects, self.frames):
            check()
        if with_exports:
            self.exports()

    def subjects(self) -> None:
        """Each subject is there once, with the kind, the class and the object that it came with."""
        assert sorted(self.named) == sorted(self.world.put)
        for name, put in self.world.put.items():
            row = self.named[name]
            found = (row.kind, row.gold_label, row.own_group or row.object_group)
            assert found == (put.kind, put.gold, put.group), name

    def pixels(self) -> None:
        """Every subject has its pixels, unless they were dropped; no place in the store has two, or none before it."""
        places = defaultdict(list)
        for row in self.all.values():
            places[row.zarr_array].append(row.zarr_index)
        store, slug = pixel_store(), self.world.survey.slug
        for array, indexes in places.items():
            assert sorted(indexes) == list(range(len(indexes))), array
            assert store.length(slug, array) >= len(indexes)
        is_cleared = not RetentionRun.objects.exclude(clearing_array="").exists()
        for name, put in self.world.put.items():
            row = self.named[name]
            block = store.get(slug, row.zarr_array, row.zarr_index)
            if row.pixels_dropped_at is None:
                assert same(block, put.pixels), name
            elif is_cleared:
                assert np.isnan(block).all(), name

    def duplicates(self) -> None:
        """Of subjects with the same pixels the first is the original of the others."""
        first: dict[str, Subject] = {}
        for name in sorted(self.named, key=lambda name: self.named[name].pk):
            row, block = self.named[name], self.world.put[name].pixels
            alike = next((key for key in first if same(self.world.put[key].pixels, block)), None)
            assert row.duplicate_of_id == (first[alike].pk if alike else None), name
            first |= {} if alike else {name: row}

    def sets(self) -> None:
        for row in SubjectSet.objects.filter(survey=self.world.survey):
            if not row.name.startswith("Training movers"):
                members = set(row.subjects.filter(is_synthetic=False).values_list("external_id", flat=True))
                assert members == self.world.sets[row.name], row.name

    def queues(self) -> None:
        """A queue has the originals of its sets that are of its kind, with pixels; what was answered stays."""
        found = defaultdict(set)
        for entry in self.entries:
            if not self.all[entry.subject_id].is_synthetic:
                found[entry.workflow_id].add(entry.subject_id)
        for workflow in self.world.workflows:
            names = {name for row in workflow.subject_sets.all() for name in self.world.sets[row.name]}
            wanted = {
                row.pk: row
                for row in map(self.named.get, names)
                if row.kind == workflow.kind and row.duplicate_of_id is None
            }
            assert found[workflow.pk] <= wanted.keys(), workflow.slug
            left = {key for key in wanted.keys() - found[workflow.pk] if wanted[key].pixels_dropped_at is None}
            assert not left, (workflow.slug, left)

    def objects(self) -> None:
        """Subjects are one object if, and only if, their survey says so, or links that were confirmed."""
        of = {row.pk: {row.pk} for row in self.named.values()}
        by_own = defaultdict(list)
        for name, put in self.world.put.items():
            by_own[put.group].append(self.named[name].pk)
        joined = [*by_own.values(), *self.links()]
        for keys in joined:
            together = set().union(*(of[key] for key in keys))
            of |= dict.fromkeys(together, together)
        for one, other in combinations(self.named.values(), 2):
            is_one = other.pk in of[one.pk]
            assert (one.object_group == other.object_group) == is_one, (one, other, one.object_group, joined)

    def links(self) -> list[list[int]]:
        """Return what confirmed links join; one of detections joins nothing before its tracklet is made."""
        rows = Proposal.objects.filter(decision=Decision.CONFIRMED).select_related("run", "subject")
        return [
            [*(member.pk for member in row.members.all()), *self._made(row)]
            for row in rows
            if row.run.links == "tracklets" or row.subject
        ]

    @staticmethod
    def _made(row: Proposal) -> list[int]:
        return [] if row.subject is None else [row.subject_id, row.subject.duplicate_of_id or row.subject_id]

    def frames(self) -> None:
        """Every plane has its frame; frames of one time and band share an exposure."""
        rows = list(Frame.objects.filter(subject__survey=self.world.survey).select_related("exposure"))
        counts = defaultdict(int)
        for row in rows:
            counts[row.subject_id] += 1
            assert (row.exposure is None) == (row.mjd_mid is None), row
            assert row.exposure is None or abs(row.exposure.mjd_mid - row.mjd_mid) < 1e-6, row
        assert all(counts[self.named[name].pk] == len(put.pixels) for name, put in self.world.put.items())
        times = list(Exposure.objects.filter(survey=self.world.survey).values_list("mjd_mid", "band"))
        assert len({(round(mjd, 6), band) for mjd, band in times}) == len(times)

    def exports(self) -> None:
        """The files have the rows that the page promises, and the values of the rows."""
        for workflow in self.world.workflows:
            for export in EXPORTS.values():
                if export.rows and export.suffix == "csv" and export.name != "subjects":
                    assert len(table(export, workflow)) == export.rows(workflow), export.name
            subjects = {int(row["subject_id"]) for row in table(EXPORTS["subjects.csv"], workflow)}
            assert subjects == {entry.subject_id for entry in self.entries if entry.workflow_id == workflow.pk}
            self._consensus(workflow)

    def _consensus(self, workflow) -> None:
        rows = Consensus.objects.filter(workflow=workflow, subject__is_synthetic=False).select_related("workflow")
        wanted = {
            row.subject_id: (self.all[row.subject_id].external_id, row.label, row.posterior, row.votes) for row in rows
        }
        written = pq.read_table(io.BytesIO(b"".join(EXPORTS["consensus.parquet"].parts(workflow, "")))).to_pylist()
        names = ("external_id", "label", "posterior", "votes")
        assert {row["subject_id"]: tuple(row[name] for name in names) for row in written} == wanted
        cells = {int(row["subject_id"]): row["external_id"] for row in table(EXPORTS["consensus.csv"], workflow)}
        assert cells == {key: values[0] for key, values in wanted.items()}


def table(export, workflow) -> list[dict[str, str]]:
    text = b"".join(export.parts(workflow, "https://example.org")).decode()
    return list(csv.DictReader(io.StringIO(text)))
