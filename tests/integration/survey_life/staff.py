"""Rules of the state machine: what scientists and the site's scheduled tasks do."""

import tempfile
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import numpy as np
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import rule

from ml.crowd.quality.flag import Flag
from tests.integration.imports.files import imported, panoptes_row, write_csv
from tests.integration.survey_life.setting import let_pass
from tests.integration.survey_life.volunteers import ANSWERS, PICK
from webapp.classifications.models import Classification
from webapp.classify.submit import commit_pending
from webapp.consensus.models import ConsensusRecompute
from webapp.consensus.recompute import catch_up_all, recompute_consensus
from webapp.known_objects.models import KnownMatch
from webapp.known_objects.rule_out import apply_ruled_out, rule_out, take_back
from webapp.quality.models import QualityFlag
from webapp.quality.quality_scan import decide, store_flags
from webapp.queue.leases import release_expired
from webapp.queue.membership import add_to_set, end_training
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import RetentionRefused, new_run
from webapp.review.bulk_undo import done_by, undo
from webapp.review.models import Ruling
from webapp.review.opinions import give_verdict, withdraw_verdict
from webapp.volunteers.identity import pseudonym
from webapp.workflow_settings.change_workflow import change_workflow

VERDICTS = st.sampled_from([("yes", ""), ("yes", "AST"), ("no", ""), ("no", "CR")])
RULE_CHANGES = [
    {"min_votes": 1, "max_votes": 2},
    {"min_votes": 2, "max_votes": 4},
    {"min_votes": 3, "max_votes": 5},
    {"method": "majority"},
    {"method": "swap-one-coin"},
    {"method": "swap-two-coin"},
    {"accept_threshold": 0.6, "reject_threshold": 0.4},
    {"accept_threshold": 0.95, "reject_threshold": 0.05},
    {"prior": 0.1},
    {"prior": 0.5},
    {"agreement": 0.9, "agreement_votes": 2},
    {"agreement": None},
    {"undecided_share": 0.5, "undecided_votes": 1},
    {"undecided_share": None},
    {"empty_after_no_votes": 1},
    {"empty_after_no_votes": None},
    {"flags": 1},
    {"flags": None},
    {"majority": 0.5},
    {"undo_seconds": 0},
    {"undo_seconds": 600},
    {"is_training": True},
    {"is_training": False},
    {"is_active": True},
    {"is_active": False},
    {"known_objects_are_gold": True},
    {"known_objects_are_gold": False},
]
RULES = st.sampled_from(RULE_CHANGES)


def recount():
    for job in ConsensusRecompute.objects.filter(state="queued").order_by("pk"):
        recompute_consensus(ConsensusRecompute.objects.claim(job.pk))


TASKS = {
    "hour": lambda: let_pass(hours=1),
    "release": release_expired,
    "commit": commit_pending,
    "catch up": catch_up_all,
    "recount": recount,
}


class Staff:
    """Scientists rule, flag, change rules and sets; workers run the scheduled tasks."""

    @rule(what=PICK, where=PICK, who=PICK, verdict=VERDICTS, overrules=st.booleans())
    def give_verdict(self, what, where, who, verdict, overrules):
        subject, workflow = self.subject(what), self.workflow(where)
        given = dict(zip(("verdict", "label"), verdict, strict=True))
        try:
            result = give_verdict(
                subject=subject, workflow=workflow, scientist=self.scientist(who), overrules=overrules, **given
            )
        except ValidationError:
            assert subject.pixels_dropped_at is not None
            return
        if isinstance(result, Ruling):
            self._credit(result)
        self.done = (workflow, self.scientist(who), done_by([result]))

    def _credit(self, ruling):
        key = (ruling.workflow_id, ruling.subject_id)
        if ruling.verdict != "yes" or ruling.previous_gold:
            self.credits = {each for each in self.credits if each[1:] != key}
            return
        yes = Classification.objects.standing().filter(workflow=key[0], subject=key[1], answer="yes")
        self.credits |= {(who, *key) for who in yes.exclude(reason="training").values_list("volunteer", flat=True)}

    @rule(what=PICK, where=PICK, who=PICK, is_undo=st.booleans())
    def withdraw_verdict(self, what, where, who, is_undo):
        subject, workflow = self.subject(what), self.workflow(where)
        before = self._ruling(workflow, subject)
        withdraw_verdict(subject=subject, workflow=workflow, scientist=self.scientist(who), is_undo=is_undo)
        self._follow(workflow, subject, before)

    def _ruling(self, workflow, subject):
        return Ruling.objects.filter(workflow=workflow, subject=subject, withdrawn_at=None).first()

    def _follow(self, workflow, subject, before):
        after = self._ruling(workflow, subject)
        if before is not None and after is None:
            self.credits = {each for each in self.credits if each[1:] != (workflow.pk, subject.pk)}
        elif after is not None and after != before:
            self._credit(after)

    @rule()
    def undo_last_verdict(self):
        if self.done:
            workflow, scientist, done = self.done
            pks = Ruling.objects.filter(pk__in=done.rulings).values_list("subject", flat=True)
            subjects = [each for each in self.subjects if each.pk in pks]
            before = {each: self._ruling(workflow, each) for each in subjects}
            undo(workflow, done, by=scientist)
            for each in subjects:
                self._follow(workflow, each, before[each])
            self.done = None

    @rule(what=PICK)
    def publish(self, what):
        """Sign a report off, or show a subject in a guide: it trains nobody any more."""
        subject = self.subject(what)
        end_training([subject.pk])
        retired = subject.queue_entries.filter(is_retired=True).values_list("workflow", flat=True)
        self.published |= {(workflow, subject.pk) for workflow in retired}

    @rule(who=PICK, where=PICK)
    def distrust(self, who, where):
        person, workflow = self.person(who), self.workflow(where)
        if person.pk:
            store_flags(workflow, [Flag(0, "speed", 0.001, {})], np.array([person.pk]))

    @rule(which=PICK, state=st.sampled_from(["confirmed", "dismissed", "open"]))
    def decide(self, which, state):
        flags = list(QualityFlag.objects.order_by("pk"))
        if flags:
            decide(flag=flags[which % len(flags)], state=state, by=self.scientist(0))

    @rule(where=PICK)
    def scan_finds_nothing(self, where):
        store_flags(self.workflow(where), [], np.array([], dtype=int))

    @rule(where=PICK, rules=RULES)
    def change_rules(self, where, rules):
        self._change(self.workflow(where), **rules)
        self.is_match_due |= "known_objects_are_gold" in rules

    @rule(where=PICK, names=st.sets(st.sampled_from(["first", "second", "gold"]), min_size=1))
    def change_sets(self, where, names):
        self._change(self.workflow(where), sets=self.survey.subject_sets.filter(name__in=names))
        self.is_match_due = True

    def _change(self, workflow, sets=None, **settings):
        sets = workflow.subject_sets.all() if sets is None else sets
        with suppress(ValidationError):  # such as a rule about more votes than there may be
            change_workflow(workflow=workflow, subject_sets=list(sets), by=self.scientist(0), **settings)

    @rule(what=PICK, name=st.sampled_from(["first", "second"]))
    def add_to_set(self, what, name):
        add_to_set(self.survey, name, [self.subject(what).pk])
        self.is_match_due = True

    @rule(is_ruled_out=st.booleans())
    def rule_out(self, is_ruled_out):
        match = KnownMatch.objects.get()
        if is_ruled_out:
            rule_out(match=match, by=self.scientist(0))
        else:
            take_back(match=match)

    @rule()
    def compare_with_orbits(self):
        apply_ruled_out([each.pk for each in self.subjects])
        self.is_match_due = False

    @rule(
        where=PICK,
        votes=st.lists(st.tuples(st.integers(0, 3), PICK, ANSWERS), min_size=1, max_size=4),
        is_own=st.booleans(),
    )
    def bring_in(self, where, votes, is_own):
        """Import answers of others, or of this site's own people from a file that it had exported."""
        workflow, rows, expected = self.workflow(where), [], set()
        for who, what, answer in votes:
            subject, self.imported = self.subject(what), self.imported + 1
            user = self._own_name(who) if is_own else f"user {who}"
            label = {"yes": "Yes", "no": "No", "unsure": "Not sure"}[answer]
            rows.append(panoptes_row(self.imported, user, subject.external_id, label))
            expected.add((subject.pk, answer))
        with tempfile.TemporaryDirectory() as folder:
            job = imported(workflow, write_csv(Path(folder) / "votes.csv", rows))
        assert job.state == "done"
        self._adopt(workflow, expected, job.added)

    def _own_name(self, who):
        person = self.person(who)
        return pseudonym(person.key, person.user_id is not None).user_name

    def _adopt(self, workflow, expected, added):
        new = Classification.objects.exclude(pk__in=self.said).filter(workflow=workflow, withdrawn_at=None)
        assert len(new) == added
        for row in new:
            assert (row.subject_id, row.answer) in expected
            self.said[row.pk] = (row.volunteer_id, row.workflow_id, row.subject_id, row.answer, row.follow_up)

    @rule()
    def drop_pixels(self):
        """Retention, a month after whatever settled."""
        let_pass(days=40)
        try:
            run = new_run(survey=self.survey, by=None, dry_run=False)
        except RetentionRefused:
            return
        with patch("webapp.retention.drop_pixels.PixelStore") as store:
            store.return_value.chunk.return_value, store.return_value.clear.return_value = 64, 0
            drop_pixels(RetentionRun.objects.claim(run.pk))

    @rule(tasks=st.lists(st.sampled_from(["hour", "release", "commit", "catch up", "recount"]), min_size=1, max_size=3))
    def work(self, tasks):
        """Let an hour pass, or run scheduled tasks, in any order, some twice."""
        for task in tasks:
            TASKS[task]()

    def scientist(self, who):
        return get_user_model().objects.get(username=("sue", "tom")[who % 2])
