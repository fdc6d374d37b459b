"""Steps of people and of the jobs that follow: links, votes, training movers, retention, exports that come back."""

from contextlib import suppress
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tasks.jobs import inject, store_linked
from tests.integration.archive_life.intake_steps import names
from tests.integration.archive_life.small_archive import Killed, Put, SmallArchive
from tests.integration.desk.small_survey import answer
from webapp.archive.models import Subject
from webapp.archive.pixels import pixels_of
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.core.jobs import JobState
from webapp.exports.formats import EXPORTS
from webapp.imports.mapping import Choices
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import bring_in, new_import
from webapp.linking.decisions import decide, reopen
from webapp.linking.linked_objects import take_back
from webapp.linking.models import Decision, Links, Proposal, TrackletBuild
from webapp.queue.membership import enqueue_subjects
from webapp.retention import drop_pixels as dropping
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import new_run
from webapp.synthetics.inject_movers import CannotInject, made_by, start_injection

places = st.lists(st.integers(0, 9), min_size=2, max_size=4, unique=True)
CHOICES = Choices(
    source="here", match="metadata:external_id", task="T0", answers={"Yes": "yes", "No": "no", "Not sure": "unsure"}
)


class PeopleSteps:
    world: SmallArchive

    @rule(several=places, links=st.sampled_from(list(Links)))
    def propose(self, several, links):
        kind = "stamp" if links == Links.DETECTIONS else "tracklet"
        rows = list(Subject.objects.originals().observed().with_pixels().filter(kind=kind).order_by("pk"))
        members = [row for place, row in enumerate(rows) if place in several]
        if len(members) < (3 if links == Links.DETECTIONS else 2):
            return
        of = {"mjd": 0, "ra": 0, "dec": 0, "rate": 30.0, "position_angle": 0, "misfit": 1}
        Proposal.objects.create(run=self.world.links[links], **of).members.set(members)

    @rule(several=places, decision=st.sampled_from([Decision.CONFIRMED, Decision.CONFIRMED, Decision.REJECTED]))
    def decide(self, several, decision):
        keys = [pk for place, pk in enumerate(Proposal.objects.values_list("pk", flat=True)) if place in several]
        with suppress(ValidationError):  # a detection would be in two tracklets
            decide(survey=self.world.survey, proposals=keys, by=self.world.scientist, decision=decision)
        for job in TrackletBuild.objects.filter(state=JobState.QUEUED):
            for _ in range(2):  # the message comes twice
                store_linked(job.pk)
            job.refresh_from_db()
            assert job.state == JobState.DONE, job.error
        for row in Proposal.objects.filter(subject__isnull=False).select_related("subject"):
            members = row.members.order_by("mjd", "pk").select_related("survey")
            if row.subject.external_id not in self.world.put:
                pixels = pixels_of(row.subject)
                assert [plane.tobytes() for plane in pixels] == [pixels_of(each)[0].tobytes() for each in members]
                self.world.put[row.subject.external_id] = Put("tracklet", pixels, row.subject.external_id)
                self.world.sets["linked"].add(row.subject.external_id)
                assert list(row.subject.frames.values_list("mjd_mid", flat=True)) == [each.mjd for each in members]

    @rule(place=st.integers(0, 5), is_back=st.booleans())
    def change_mind(self, place, is_back):
        rows = list(Proposal.objects.exclude(decision=Decision.OPEN).order_by("pk"))
        if not rows:
            return
        row, by = rows[place % len(rows)], self.world.scientist
        if not is_back:
            reopen(survey=self.world.survey, proposal=row.pk, by=by)
            return
        with suppress(ValidationError):  # a link of detections, or one that was rejected
            take_back(survey=self.world.survey, proposal=row.pk, by=by, reason="A star")

    @rule(name=names, place=st.integers(0, 1), answers=st.lists(st.sampled_from(["yes", "no"]), min_size=1, max_size=3))
    def vote(self, name, place, answers):
        if name in self.world.put:
            for volunteer, said in zip(self.world.volunteers, answers, strict=False):
                answer(volunteer, self.world.workflows[place], self.world.subject(name), said)

    @rule(name=names, place=st.integers(0, 1))
    def settle_as_bogus(self, name, place):
        self.vote(name, place, ["no", "no"])

    @rule(is_killed=st.booleans())
    def drop_bogus(self, is_killed):
        before = set(Subject.objects.filter(pixels_dropped_at__isnull=False))
        run = new_run(survey=self.world.survey, by=None, dry_run=False)
        if is_killed:
            self.drop_killed(RetentionRun.objects.claim(run.pk))
            RetentionRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        if claimed := RetentionRun.objects.claim(run.pk):
            drop_pixels(claimed)
        run.refresh_from_db()
        dropped = set(Subject.objects.filter(pixels_dropped_at__isnull=False)) - before
        assert (run.state, run.done) == ("done", len(dropped))
        for row in dropped:
            settled = Consensus.objects.filter(subject=row)
            assert row.gold_label == ""
            assert {(each.is_retired, each.posterior < 0.5) for each in settled} == {(True, True)}
            assert not row.proposals.exists()

    @staticmethod
    def drop_killed(run):
        cleared, dropping._cleared = dropping._cleared, PeopleSteps.die_of_it
        try:
            drop_pixels(run)
        except Killed:
            pass
        finally:
            dropping._cleared = cleared

    @staticmethod
    def die_of_it(*_):
        raise Killed

    @rule(place=st.integers(0, 1), seed=st.integers(0, 1), number=st.integers(1, 3))
    def inject(self, place, seed, number):
        workflow = self.world.workflows[place]
        with suppress(CannotInject):
            job = start_injection(workflow=workflow, by=None, seed=seed, number=number, label="yes", fwhm=1.0)
            inject(job.pk)
            job.refresh_from_db()
            made = made_by(job)
            assert (job.state, job.done) == ("done", len(made)), job.error
            assert made.count() == len({row.metadata["!synthetic"]["background"] for row in made})

    @rule()
    def take_answers_elsewhere(self):
        """What one workflow exports, another imports: the same answers of the same people, each once."""
        one, two = self.world.workflows[:2]
        path = self.world.folder / "answers.csv"
        path.write_bytes(b"".join(EXPORTS["classifications.csv"].parts(one, "")))
        queued = set(two.queue.values_list("subject", flat=True))
        given = Classification.objects.counted().filter(workflow=one, subject__in=queued)
        wanted = set(given.values_list("volunteer", "subject", "answer"))
        before = set(self.answers(two))
        for _ in range(2):
            job = new_import(workflow=two, path=path, by=None, choices=CHOICES)
            bring_in(ClassificationImport.objects.claim(job.pk))
            job.refresh_from_db()
            assert job.state == "done", job.error
        asked = {(volunteer, subject) for volunteer, subject, _ in before}
        new = {each for each in wanted if each[:2] not in asked}
        assert set(self.answers(two)) == before | new
        assert len(self.answers(two)) == len(before | new)

    @staticmethod
    def answers(workflow):
        rows = Classification.objects.standing().filter(workflow=workflow)
        return list(rows.values_list("volunteer", "subject", "answer"))

    @rule()
    def fill_queues_again(self):
        assert sum(enqueue_subjects(workflow) for workflow in self.world.workflows) == 0
