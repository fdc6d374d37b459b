"""What counters, skills, queue and retirement should be, computed plainly from the rows that people wrote."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ml.crowd.skill import skill_one_coin, skill_two_coin
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus, ConsensusRecompute, Skill
from webapp.quality.models import QualityFlag
from webapp.queue.models import Lease, QueueEntry
from webapp.review.models import Ruling
from webapp.workflows.models import Workflow

CELLS = [f"true_{truth}_said_{answer}" for truth in ("yes", "no") for answer in ("yes", "no", "unsure")]


@dataclass
class Expected:
    """The sums of one subject in one workflow."""

    answers: Counter = field(default_factory=Counter)
    follow_ups: Counter = field(default_factory=Counter)
    log_odds: int = 0

    @property
    def votes(self):
        return self.answers.total()


class Oracle:
    """Everything that people and staff have written, and what follows from it."""

    def __init__(self):
        self.workflows = {row.pk: row for row in Workflow.objects.all()}
        self.subjects = {row.pk: row for row in Subject.objects.select_related("survey")}
        self.answers = list(Classification.objects.order_by("volunteer", "count_order"))
        self.standing = [row for row in self.answers if row.withdrawn_at is None]
        self.undone = {place_of(row) for row in self.answers if row.withdrawn_at is not None}
        flags = QualityFlag.objects.filter(state__in=["open", "confirmed"])
        self.distrusted = set(flags.values_list("workflow", "volunteer"))
        self.rulings = {(row.workflow_id, row.subject_id): row for row in Ruling.objects.filter(withdrawn_at=None)}
        self.skills = {(row.workflow_id, row.volunteer_id): row for row in Skill.objects.all()}
        self.consensus = {(row.workflow_id, row.subject_id): row for row in Consensus.objects.all()}
        self.entries = {(row.workflow_id, row.subject_id): row for row in QueueEntry.objects.all()}
        self.leases = list(Lease.objects.select_related("entry"))
        self.recounts_due = set(ConsensusRecompute.objects.filter(state="queued").values_list("workflow", flat=True))
        self._weigh()

    def _weigh(self):
        self.sums, self.records, self.evidence = defaultdict(Expected), defaultdict(Counter), {}
        for row in self.standing:
            if row.is_counted:
                self._count(row, self.records[row.workflow_id, row.volunteer_id])

    def _count(self, row, record):
        """Weigh an answer by the record of its volunteer's answers before it; add it to that, and to the sum."""
        workflow, truth = self.workflows[row.workflow_id], self.truth(row.subject_id)
        is_trusted = (row.workflow_id, row.volunteer_id) not in self.distrusted
        self.evidence[row.pk] = evidence(workflow.method, record, row.answer) if is_trusted else None
        if truth and place_of(row) not in self.undone:
            record[f"true_{truth}_said_{row.answer}"] += 1
        if is_trusted:
            total = self.sums[row.workflow_id, row.subject_id]
            total.answers[row.answer] += 1
            total.log_odds += self.evidence[row.pk]
            total.follow_ups.update([row.follow_up] if row.follow_up else [])

    def truth(self, subject):
        label = self.subjects[subject].gold_label
        return label if label in ("", "yes", "no") else "yes" if label in ("AST",) else "no"

    def taken(self, key):
        """Return how many hold the subject, or gave an answer that does not count yet."""
        held = sum((lease.entry.workflow_id, lease.entry.subject_id) == key for lease in self.leases)
        return held + sum((row.workflow_id, row.subject_id) == key and not row.is_counted for row in self.standing)

    def posterior(self, key):
        workflow, total = self.workflows[key[0]], self.sums[key]
        if workflow.method == "majority":
            decided = total.answers["yes"] + total.answers["no"]
            return (total.answers["yes"] + 2 * workflow.prior) / (decided + 2)
        odds = math.log(workflow.prior / (1 - workflow.prior)) + total.log_odds / 1e6
        return 1 / (1 + math.exp(-odds))

    def is_stale(self, workflow, volunteer):
        """Return whether the scheduled task will still recompute the volunteer's answers."""
        skill = self.skills.get((workflow, volunteer))
        return skill is not None and skill.revision > skill.applied_revision

    def is_waiting(self, key):
        """Return whether a recount or the scheduled task is still to change the sums."""
        voters = {row.volunteer_id for row in self.answers if (row.workflow_id, row.subject_id) == key}
        return key[0] in self.recounts_due or any(self.is_stale(key[0], voter) for voter in voters)


def place_of(row):
    return row.workflow_id, row.volunteer_id, row.subject_id


def evidence(method, record, answer):
    """Return the millionths of a nat by which an answer speaks for yes."""
    if method == "majority":
        return 0
    said = [[record[f"true_{truth}_said_{each}"] for each in ("no", "yes", "unsure")] for truth in ("no", "yes")]
    if method == "swap-two-coin":
        return round(1e6 * skill_two_coin(said).evidence(answer))
    unsure = said[0][2] + said[1][2]
    total = sum(map(sum, said)) - unsure
    return round(1e6 * skill_one_coin(said[0][0] + said[1][1], total, [unsure]).evidence(answer))


def wanted(workflow, votes):
    """Return how many votes the rules ask for, given those that there are."""
    least = {workflow.min_votes, *[workflow.agreement_votes] * (workflow.agreement is not None)}
    least |= {each for each in (workflow.empty_after_no_votes, workflow.flags) if each is not None}
    least |= {workflow.undecided_votes} if workflow.undecided_share is not None else set()
    return max(min(least), min(votes + 1, workflow.max_votes))


def reason_to_retire(workflow, total, posterior):
    yes, no, unsure = (total.answers[answer] for answer in ("yes", "no", "unsure"))
    votes, empty = yes + no + unsure, workflow.empty_after_no_votes
    if workflow.flags is not None and total.follow_ups["flag"] >= workflow.flags:
        return "flagged"
    if empty is not None and no >= empty and no == votes:
        return "nothing_here"
    if _agree(workflow, yes, no, posterior):
        return "consensus"
    share = workflow.undecided_share
    if share is not None and votes >= workflow.undecided_votes and unsure >= share * votes:
        return "other"
    return "classification_count" if votes >= workflow.max_votes else ""


def _agree(workflow, yes, no, posterior):
    shares = [] if workflow.agreement is None else [(workflow.agreement, workflow.agreement_votes)]
    if workflow.method == "majority":
        shares.append((workflow.majority, workflow.min_votes))
    elif yes + no >= workflow.min_votes and not workflow.reject_threshold < posterior < workflow.accept_threshold:
        return True
    return any(yes != no and yes + no >= least and max(yes, no) >= share * (yes + no) for share, least in shares)
