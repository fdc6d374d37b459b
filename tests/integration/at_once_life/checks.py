"""What must be true once all threads have ended, and again once all that waits has run."""

import time
from collections import Counter
from itertools import combinations

from django.db import transaction

from tests.integration.survey_life.follows import Follows, state
from tests.integration.survey_life.oracle import Oracle
from tests.integration.survey_life.setting import let_pass
from tests.integration.world import recount as recount_all
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.classify.submit import commit_pending
from webapp.community.models import Comment, Discovery, Favourite, Notification, SubjectTag
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.models import ConsensusRecompute
from webapp.consensus.recompute import catch_up_all, recompute_consensus
from webapp.known_objects.rule_out import apply_ruled_out
from webapp.linking.models import Proposal
from webapp.quality.models import QualityFlag
from webapp.queue.leases import release_expired
from webapp.queue.models import Lease
from webapp.reports.models import ReportedTracklet
from webapp.review.models import Ruling
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


class Checks(Follows):
    """The checks of a `World`."""

    published = frozenset()

    def __init__(self, world):
        self.world, self.is_match_due = world, True

    def check(self):
        self._all()
        self._settle()
        self._all()
        assert not Lease.objects.exists(), list(Lease.objects.all())
        before = _computed()
        for workflow in Workflow.objects.select_related("survey"):
            recount_all(workflow)
        changed = [_unlike(olds, news) for olds, news in zip(before, _computed(), strict=True)]
        assert not any(changed), f"a recount changes {changed}"

    def _settle(self):
        """Run all that waits."""
        with transaction.atomic():
            apply_ruled_out([row.pk for row in self.world.survey.subjects.all()])
        self.is_match_due = False
        for ruling in Ruling.objects.filter(withdrawn_at=None).select_related("workflow__survey"):
            recompute_subjects(ruling.workflow, [ruling.subject_id])  # as the next vote on each would do
        let_pass(hours=1)
        release_expired()
        commit_pending()
        for job in ConsensusRecompute.objects.filter(state="queued").order_by("pk"):
            recompute_consensus(ConsensusRecompute.objects.claim(job.pk))
        catch_up_all()

    def _all(self):
        oracle = Oracle()
        self.answers_are_kept()
        self.computed_is_exact(oracle)
        self.nothing_belongs_to_nobody()
        self.credits_follow(oracle)
        self.verdicts_agree(oracle)
        self.links_make_objects()

    def entry_is_right(self, oracle, key, entry):
        """Leave out what has joined a queue while a verdict on it was given, which the next vote retires."""
        if key not in oracle.rulings or entry.is_retired:
            super().entry_is_right(oracle, key, entry)

    def answers_are_kept(self):
        """What was stored is there and stands, unless it was undone, came twice, or its account was deleted with it."""
        rows = {row.pk: row for row in Classification.objects.select_related("volunteer")}
        said = {item.id: (workflow, item.subject, item.answer) for _, workflow, item in self.world.sent}
        of_visitors = {item.id for key, _, item in self.world.sent if key not in self.world.accounts}
        is_erased = any(not keep for _, keep in self.world.left)
        for pk in self.world.stored:
            row = rows.get(pk)
            if row is None:
                may_have_given_way = self.world.left and pk in of_visitors
                assert is_erased or may_have_given_way or pk in self.world.may_be_undone, f"{pk} is lost"
                continue
            assert (row.workflow_id, row.subject_id, row.answer) == said[pk], row.pk
            if row.withdrawn_at is not None:
                gave_way = row.volunteer.merged_into_id is not None
                assert pk in self.world.may_be_undone or gave_way, f"{pk} is withdrawn"
        for pk, at in self.world.undone.items():
            was_sent_again = self.world.left and self.world.stored.get(pk, 0) > at  # after its account had been erased
            is_standing = pk in rows and rows[pk].withdrawn_at is None
            assert was_sent_again or not is_standing, f"{pk} stands, though undone"
        assert not [pk for pk in rows if pk not in said and pk.version != 5], "answers that nobody gave"

    def nothing_belongs_to_nobody(self):
        """Who joined or left holds nothing, is credited with nothing and has no news."""
        gone = {pk for pk, _keep in self.world.left if not Volunteer.objects.filter(pk=pk, user__isnull=False).exists()}
        nobody = Volunteer.objects.filter(merged_into__isnull=False).values_list("pk", flat=True)
        for model in (Lease, Discovery, Favourite, Notification, SubjectTag, QualityFlag):
            # Answers that stay anonymously may be credited and flagged later.
            left = nobody if model in (Discovery, Notification, QualityFlag) else {*nobody, *gone}
            rows = model.objects.filter(volunteer__in=left)
            assert not rows.exists(), [(model, row.pk, row.volunteer_id) for row in rows]
        assert not Comment.objects.filter(author__in={*nobody, *gone}).exists()
        standing = Classification.objects.standing().filter(volunteer__merged_into__isnull=False)
        assert not standing.exists(), "a visitor has answers beside their account's"

    def credits_follow(self, oracle):
        """A verdict of yes credits those whose yes was stored before it was given, and nobody else."""
        yes = {key: row for key, row in oracle.rulings.items() if row.verdict == "yes" and not row.previous_gold}
        votes = [row for row in oracle.standing if row.answer == "yes"]
        given = {(row.workflow_id, row.subject_id, row.volunteer_id): row for row in votes}
        found = set(Discovery.objects.values_list("workflow", "subject", "volunteer"))
        allowed = {key for key in given if key[:2] in yes}  # what came as training may join an earlier yes
        assert found <= allowed, found - allowed
        people = Volunteer.objects.filter(user__isnull=True, pk__in=[pk for pk, _keep in self.world.left])
        anonymous = set(people.values_list("pk", flat=True))
        for key in {key for key in allowed - found if given[key].reason != "training"}:
            began = self.world.ruled_from.get(yes[key[:2]].pk, 0)
            stored = self.world.stored.get(given[key].pk, time.monotonic())
            assert stored > began or key[2] in anonymous, f"no credit for {key}"

    def verdicts_agree(self, oracle):
        """One verdict stands for each subject and workflow; the newest one is the subject's class."""
        rows = Ruling.objects.filter(withdrawn_at=None).order_by("pk")
        assert max(Counter((row.workflow_id, row.subject_id) for row in rows).values(), default=1) == 1
        for subject in {row.subject_id: row for row in rows}.values():
            stored = oracle.subjects[subject.subject_id]
            assert stored.gold_source == "ruling", stored
            assert stored.gold_label == (subject.label or subject.verdict), stored
        ruled = {row.subject_id for row in rows}
        assert not [row for row in oracle.subjects.values() if row.gold_source == "ruling" and row.pk not in ruled]
        assert max(Counter(ReportedTracklet.objects.values_list("subject", flat=True)).values(), default=1) == 1

    def links_make_objects(self):
        """Subjects are one object if they were from the beginning, or confirmed links join them."""
        of = {
            pk: {other for other, name in self.world.groups.items() if name == group}
            for pk, group in self.world.groups.items()
        }
        for proposal in Proposal.objects.filter(decision="confirmed").prefetch_related("members"):
            together = set().union(*(of[row.pk] for row in proposal.members.all()))
            of |= dict.fromkeys(together, together)
        groups = dict(Subject.objects.values_list("pk", "object_group"))
        for one, other in combinations(groups, 2):
            assert (groups[one] == groups[other]) == (other in of[one]), (one, other, groups)


def _computed():
    """Return `state`, without what a verdict without votes stores of the rules: those when its request began."""
    sums, *others = state()
    return [[row if any(row[3:6]) else (*row[:2], *row[6:8], *row[9:]) for row in sums], *others]


def _unlike(olds, news):
    """Return what one of two lists of rows has and the other has not."""
    return [(row, "gone") for row in olds if row not in news] + [("new", row) for row in news if row not in olds]
