"""Whether counters, skills, queue and retirement are what they should be; mixed into histories of a survey."""

import pytest
from django.db.models.functions import Round

from tests.integration.survey_life.oracle import CELLS, reason_to_retire, wanted
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus, Skill
from webapp.queue.models import QueueEntry

ANSWERS = ("yes", "no", "unsure")
SUMS = (
    *(f"votes_{answer}" for answer in ANSWERS), "follow_ups", "log_odds_micronats", "method",
    "is_retired", "retired_reason",
)  # fmt: skip


class Follows:
    """Checks of everything that is computed, for an `Oracle`.

    `published` are (workflow, subject) whose class is public, and `is_match_due` is whether the known objects are still
    to be compared with the queues as they are now.
    """

    def computed_is_exact(self, oracle):
        self.evidence_and_skills_are_exact(oracle)
        for key, entry in oracle.entries.items():
            self.entry_is_right(oracle, key, entry)
        for key in {*oracle.sums, *oracle.consensus, *oracle.entries}:
            if not oracle.is_waiting(key):
                self.sum_is_exact(oracle, key)
        self.nobody_holds_what_they_answered(oracle)

    def evidence_and_skills_are_exact(self, oracle):
        for row in oracle.standing:
            is_old = row.workflow_id in oracle.recounts_due or oracle.is_stale(row.workflow_id, row.volunteer_id)
            if row.is_counted and not is_old:
                assert row.log_odds_micronats == oracle.evidence[row.pk], row.pk
        for (workflow, volunteer), skill in oracle.skills.items():
            if not oracle.is_stale(workflow, volunteer):
                cells = {name: getattr(skill, name) for name in CELLS if getattr(skill, name)}
                record = dict(oracle.records[workflow, volunteer])
                assert cells == record, (skill, cells, record)
        assert {key for key, record in oracle.records.items() if record} <= set(oracle.skills)

    def entry_is_right(self, oracle, key, entry):
        row, subject = oracle.consensus.get(key), oracle.subjects[key[1]]
        assert entry.is_retired == (row is not None and row.is_retired), (entry, entry.is_retired)
        assert not entry.is_gold or subject.gold_label, entry
        if key in self.published:
            assert not entry.is_gold
        elif entry.is_public:
            pass  # it stays gold if it was, and becomes gold no more
        elif subject.gold_source == "known orbit" and not self.is_match_due:
            assert entry.is_gold == oracle.workflows[key[0]].known_objects_are_gold, entry
        elif subject.gold_source == "manifest":
            assert entry.is_gold, entry
        if not entry.is_gold and not entry.is_retired and not oracle.is_waiting(key):
            votes = oracle.sums[key].votes
            open_slots = wanted(oracle.workflows[key[0]], votes) - votes - oracle.taken(key)
            assert entry.open_slots == open_slots, (entry, entry.open_slots, open_slots, votes, oracle.taken(key))

    def sum_is_exact(self, oracle, key):
        row, total = oracle.consensus.get(key), oracle.sums[key]
        if row is None:
            assert not total.votes
            assert key not in oracle.rulings
            return
        votes = {answer: getattr(row, f"votes_{answer}") for answer in ANSWERS}
        assert votes == {answer: total.answers[answer] for answer in ANSWERS}, (row, votes, total)
        assert row.follow_ups == dict(total.follow_ups)
        assert row.log_odds_micronats == total.log_odds, row
        self.retirement_is_right(oracle, key, row, total)
        if total.votes:
            assert row.posterior == pytest.approx(oracle.posterior(key), abs=1e-9)

    def retirement_is_right(self, oracle, key, row, total):
        if key in oracle.rulings:
            assert (row.is_retired, row.retired_reason) == (True, "human")
        elif oracle.subjects[key[1]].pixels_dropped_at is not None:
            assert row.is_retired
        else:
            entry = oracle.entries[key]
            reason = reason_to_retire(oracle.workflows[key[0]], total, oracle.posterior(key))
            assert row.retired_reason == ("" if entry.is_gold else reason)
            assert row.is_retired == bool(row.retired_reason)
            assert total.votes

    def nobody_holds_what_they_answered(self, oracle):
        answered = {(row.workflow_id, row.volunteer_id, row.subject_id) for row in oracle.standing}
        held = {(row.entry.workflow_id, row.volunteer_id, row.entry.subject_id) for row in oracle.leases}
        assert not answered & held


def state():
    """Everything that is computed. A verdict without votes has the prior itself for a posterior."""
    sums = Consensus.objects.order_by("workflow", "subject").annotate(rounded=Round("posterior", 9))
    entries = QueueEntry.objects.order_by("pk").values_list("pk", "is_gold", "is_retired", "open_slots")
    records = Skill.objects.order_by("workflow", "volunteer").values_list("workflow", "volunteer", "is_trusted", *CELLS)
    return (
        list(sums.values_list("workflow", "subject", "rounded", *SUMS)),
        [(*row, is_retired, None if is_retired else slots) for *row, is_retired, slots in entries],
        [row for row in records if any(row[3:])],
        list(Classification.objects.order_by("pk").values_list("pk", "log_odds_micronats", "is_counted")),
    )
