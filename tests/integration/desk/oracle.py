"""What must be true of a survey, computed row by row from what people did, without the code under test."""

from collections import defaultdict
from datetime import datetime
from hashlib import md5
from itertools import pairwise

from tests.integration.desk.small_survey import SmallSurvey
from webapp.archive.models import Subject, Survey
from webapp.classifications.models import Classification
from webapp.community.models import Discovery
from webapp.consensus.models import Consensus
from webapp.exports.candidate_rows import candidate_pages
from webapp.exports.pedigree_rows import pedigree_pages
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue, RuledOutMatch
from webapp.known_objects.unidentified import identified, unidentified
from webapp.learning.curate_labels import labels
from webapp.learning.models import Score
from webapp.linking.models import Proposal
from webapp.queue.models import QueueEntry
from webapp.reports.drafts import candidates
from webapp.reports.models import Report, ReportedTracklet
from webapp.review.models import Ruling, SecondOpinion
from webapp.workflows.models import Workflow


class Oracle:
    """The rows of a survey, read once."""

    def __init__(self, world: SmallSurvey) -> None:
        self.world = world
        self.survey = Survey.objects.get(pk=world.survey.pk)
        self.subjects = {row.pk: row for row in Subject.objects.filter(survey=self.survey)}
        self.workflows = list(Workflow.objects.filter(survey=self.survey).order_by("pk"))
        self.rulings = [row for row in Ruling.objects.order_by("pk") if row.withdrawn_at is None]
        self.entries = list(QueueEntry.objects.select_related("workflow"))
        self.consensus = list(Consensus.objects.select_related("workflow"))
        self.checks = {row.subject_id: row for row in IdentityCheck.objects.all()}
        self.reported = {row.subject_id: row for row in ReportedTracklet.objects.select_related("report")}
        self.newest = {row.subject_id: row for row in self.rulings}
        self.matches = defaultdict(list)
        for row in KnownMatch.objects.all():
            self.matches[row.subject_id].append(row)

    def check(self, *, with_lists: bool = True) -> None:
        for check in (self.gold, self.verdicts, self.queues, self.retirement, self.credits, self.known, self.objects):
            check()
        for check in (self.lists, self.reports, self.training, self.scores) if with_lists else ():
            check()

    def is_real(self, label: str) -> bool:
        return label == "yes" or label in self.survey.positive

    def gold(self) -> None:
        """The newest standing verdict gives the class, else what came with the subject, else perhaps an orbit."""
        for key, row in self.subjects.items():
            said = (row.gold_label, row.gold_source)
            if key in self.newest:
                assert said == (self.class_of(self.newest[key]), "ruling"), (row, said)
            elif self.world.given[key]:
                assert said == (self.world.given[key], "manifest"), (row, said)
            else:
                assert said in (("", ""), ("yes", "known orbit")), (row, said)

    def class_of(self, ruling: Ruling) -> str:
        names = self.survey.classes
        fits = ruling.label in names and self.is_real(ruling.label) == (ruling.verdict == "yes")
        return ruling.label if fits else ruling.verdict

    def verdicts(self) -> None:
        """One verdict stands for each subject and workflow, one opinion for each scientist, never on one's own."""
        at = [(row.subject_id, row.workflow_id) for row in self.rulings]
        assert len(at) == len(set(at)), at
        assert not [row for row in self.rulings if self.subjects[row.subject_id].duplicate_of_id]
        standing = {row.pk: row for row in self.rulings}
        said = [row for row in SecondOpinion.objects.filter(withdrawn_at=None) if row.ruling_id in standing]
        assert len(said) == len({(row.ruling_id, row.scientist_id) for row in said})
        assert not [row for row in said if row.scientist_id == standing[row.ruling_id].scientist_id], said

    def is_gold_in(self, entry: QueueEntry) -> bool:
        subject = self.subjects[entry.subject_id]
        by_orbit = subject.gold_source == "known orbit"
        return bool(subject.gold_label) and (entry.workflow.known_objects_are_gold or not by_orbit)

    def queues(self) -> None:
        """Only subjects of known class are practice; those that came with a class are, and ruled ones are retired."""
        ruled = {(row.subject_id, row.workflow_id): row for row in self.rulings}
        public = {key: row.report.signed_at for key, row in self.reported.items() if row.report.signed_at}
        for entry in self.entries:
            at = (entry.subject_id, entry.workflow_id)
            subject = self.subjects[entry.subject_id]
            assert subject.duplicate_of_id is None, subject
            if entry.is_gold and subject.gold_source != "known orbit":
                assert self.is_gold_in(entry), (subject, entry.workflow)
            if at in ruled:
                assert entry.is_retired, (subject, entry.workflow)
                assert entry.is_gold or at[0] in public, (subject, entry.workflow)
                if self._stood(ruled[at], public.get(at[0])):
                    assert not entry.is_gold, (subject, entry.workflow)
            elif self.world.given[entry.subject_id] and entry.subject_id not in public:
                assert entry.is_gold, (subject, entry.workflow)

    @staticmethod
    def _stood(ruling: Ruling | None, signed_at: datetime | None) -> bool:
        """Return whether a verdict, or one that it replaces, stood when a report was signed."""
        while ruling and signed_at:
            if ruling.created_at < signed_at:
                return True
            ruling = ruling.replaces
        return False

    def retirement(self) -> None:
        """A scientist's verdict retires, nothing else does in their name; queue and consensus agree."""
        ruled = {(row.subject_id, row.workflow_id) for row in self.rulings}
        by_human = {(row.subject_id, row.workflow_id) for row in self.consensus if row.retired_reason == "human"}
        assert ruled == by_human
        retired = {(row.subject_id, row.workflow_id) for row in self.consensus if row.is_retired}
        queued = {(row.subject_id, row.workflow_id) for row in self.entries}
        assert {(row.subject_id, row.workflow_id) for row in self.entries if row.is_retired} == retired & queued
        votes = Classification.objects.filter(withdrawn_at=None, is_counted=True)
        counted = defaultdict(int)
        for vote in votes:
            counted[vote.subject_id, vote.workflow_id] += 1
        for row in self.consensus:
            number = row.votes_yes + row.votes_no + row.votes_unsure
            assert number == counted[row.subject_id, row.workflow_id], row

    def credits(self) -> None:
        """A standing yes credits those who said yes before it, unless the class was known."""
        votes = list(Classification.objects.filter(withdrawn_at=None, answer="yes").exclude(reason="training"))
        wanted = {
            (row.subject_id, row.workflow_id, vote.volunteer_id)
            for row in self.rulings
            if row.verdict == "yes" and not row.previous_gold
            for vote in votes
            if (vote.subject_id, vote.workflow_id) == (row.subject_id, row.workflow_id)
            and vote.created_at <= row.created_at
        }
        found = set(Discovery.objects.values_list("subject", "workflow", "volunteer"))
        assert found == wanted, (found, wanted)

    def known(self) -> None:
        """What was ruled out counts as no candidate."""
        ruled_out = {(row.subject_id, row.designation) for row in RuledOutMatch.objects.filter(taken_back_at=None)}
        for key, check in self.checks.items():
            assert self.subjects[key].duplicate_of_id is None
            for match in self.matches[key]:
                assert match.is_ruled_out == ((key, match.designation) in ruled_out), match
            left = [match for match in self.matches[key] if not match.is_ruled_out]
            assert check.candidates == len(left), self.subjects[key]
            assert check.unmatched == (0 if left else check.detections), self.subjects[key]

    def objects(self) -> None:
        """Subjects are one object if, and only if, confirmed links join them."""
        of = {key: {key} for key in self.subjects}
        for proposal in Proposal.objects.filter(decision="confirmed").prefetch_related("members"):
            together = set().union(*(of[row.pk] for row in proposal.members.all()))
            of |= dict.fromkeys(together, together)
        by_group = defaultdict(set)
        for key, row in self.subjects.items():
            by_group[row.object_group].add(key)
        assert all(by_group[row.object_group] == of[key] for key, row in self.subjects.items()), dict(by_group)

    def movers(self) -> set[int]:
        voted = {
            row.subject_id
            for row in self.consensus
            if row.is_retired and row.retired_reason == "consensus" and row.votes_yes > row.votes_no
        }
        return {
            key
            for key, row in self.subjects.items()
            if row.duplicate_of_id is None
            and not row.is_synthetic
            and (
                (row.gold_source in ("ruling", "known orbit") and self.is_real(row.gold_label))
                if row.gold_label
                else key in voted
            )
        }

    def lists(self) -> None:
        """The catalogue, the known objects' lists and the candidates for reports have what they should."""
        movers, compared = self.movers(), self.checks
        rows = [row for page in candidate_pages(self.survey) for row in page]
        assert [row["subject_id"] for row in rows] == sorted(movers)
        pedigrees = [row for page in pedigree_pages(self.survey) for row in page]
        assert [row["subject_id"] for row in pedigrees] == sorted(movers)
        for row in rows:
            self._check_row(row)
        new = {key for key in movers if key in compared and compared[key].unmatched}
        assert {row.pk for row in unidentified(self.survey)} == new
        near = {key for key, check in compared.items() if check.candidates}
        assert {row.pk for row in identified(self.survey)} == near
        ruled = {key for key in new if key in self.newest}
        assert {row.pk for row in candidates(self.survey)} == ruled - set(self.reported)

    def _check_row(self, row: dict) -> None:
        key = row["subject_id"]
        ruling, reported = self.newest.get(key), self.reported.get(key)
        assert row["verdict"] == (ruling.verdict if ruling else None), row
        assert row["label"] == self.subjects[key].gold_label
        assert row["report"] == (reported.report_id if reported else None)
        left = sorted((each.separation, each.designation) for each in self.matches[key] if not each.is_ruled_out)
        assert row["known_object"] == (left[0][1] if left else None)

    def reports(self) -> None:
        """No detection is in two signed reports, and a signed report stays as it was."""
        for report in Report.objects.filter(signed_at__isnull=False):
            assert (report.psv, report.signed_name) == self.world.signed[report.pk]
        frames = sorted(
            (frame.mjd_mid, frame.ra, frame.dec)
            for row in self.reported.values()
            if row.report.signed_at
            for frame in row.subject.frames.all()
        )
        assert all(one != other for one, other in pairwise(frames)), frames

    def training(self) -> None:
        """Gold and confident votes are labels, of originals only, off the test side."""
        for workflow in self.workflows:
            wanted = {key: said for key in self.subjects if (said := self._label(workflow, key))}
            found = {row.subject_id: (row.label, row.source) for row in labels(workflow)}
            assert found == wanted, (workflow, found, wanted)

    def _label(self, workflow: Workflow, key: int) -> tuple[str, str] | None:
        row = self.subjects[key]
        if row.duplicate_of_id or row.pixels_dropped_at or self._is_tested(row):
            return None
        if row.gold_label:
            return "yes" if self.is_real(row.gold_label) else "no", "ruling" if row.gold_source == "ruling" else "gold"
        mine = [each for each in self.consensus if (each.subject_id, each.workflow_id) == (key, workflow.pk)]
        is_old = [each for each in self.consensus if each.subject_id == key and self._is_old(workflow, each)]
        if not mine or is_old or not mine[0].votes_yes + mine[0].votes_no:
            return None
        yes, no = mine[0].votes_yes, mine[0].votes_no
        settled = mine[0].is_retired and mine[0].retired_reason in ("consensus", "nothing_here")
        if not settled:  # so few votes are not confident otherwise
            return None
        return "yes" if yes >= no else "no", "consensus"

    @staticmethod
    def _is_old(workflow: Workflow, row: Consensus) -> bool:
        """Return whether the survey, which keeps bogus pixels for no day, is about to drop them."""
        by_votes = row.is_retired and row.retired_reason in ("consensus", "nothing_here")
        return by_votes and row.posterior < 0.5 and row.workflow_id == workflow.pk

    def _is_tested(self, row: Subject) -> bool:
        group = [each for each in self.subjects.values() if each.object_group == row.object_group]
        has_gold = any(each.gold_label for each in group)
        return has_gold and md5(row.object_group.encode(), usedforsecurity=False).hexdigest()[:2] < "4d"

    def scores(self) -> None:
        """A consensus has the champion's score."""
        said = {row.subject_id: row.p_real for row in Score.objects.filter(checkpoint__is_champion=True)}
        for row in self.consensus:
            if row.subject_id in said and row.subject_id in self.world.refreshed:
                assert row.p_model == said[row.subject_id], row


def check_orbits(oracle: Oracle) -> None:
    """Check after a comparison that gold follows today's orbits where a workflow asks for it."""
    asking = {row.subject_id for row in oracle.entries if row.workflow.known_objects_are_gold}
    catalogue = OrbitCatalogue.objects.first()
    for key, row in oracle.subjects.items():
        check = oracle.checks.get(key)
        if row.duplicate_of_id is None and catalogue:
            assert check is not None, row
            assert check.catalogue_id == catalogue.pk, row
        sure = check is not None and any(
            match.separation <= 2
            and match.orbit_error is not None
            and match.orbit_error <= 2
            and match.detections == check.detections
            and not match.is_ruled_out
            for match in oracle.matches[key]
        )
        if key in oracle.newest or oracle.world.given[key] or row.pixels_dropped_at:
            continue
        assert (row.gold_source == "known orbit") == (sure and key in asking), (row, sure, key in asking)
    for entry in oracle.entries:
        if oracle.subjects[entry.subject_id].gold_source == "known orbit" and not entry.is_public:
            assert entry.is_gold == entry.workflow.known_objects_are_gold, entry
        elif entry.is_gold:
            assert oracle.is_gold_in(entry), entry
