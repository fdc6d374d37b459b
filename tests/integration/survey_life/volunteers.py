"""Rules of the state machine: what volunteers do."""

import random
import uuid

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.integration.survey_life.oracle import Oracle, wanted
from tests.integration.survey_life.setting import is_undoable
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.classifications.models import Classification
from webapp.classify.record import Item, TooLate
from webapp.classify.submit import say_more, submit, undo
from webapp.queue.leases import lease_next, store_newcomer
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer

ANSWERS = st.sampled_from(["yes", "no", "unsure"])
PICK = st.integers(0, 20)
SAID = st.lists(ANSWERS, min_size=1, max_size=4)


def new_id():
    return uuid.UUID(int=random.getrandbits(128), version=4)


class Volunteers:
    """Volunteers lease, answer, undo, join and leave.

    `said` are the answers that should stand, by id; `sent` all that each person has sent, newest last.
    """

    @initialize(visits=st.lists(st.tuples(PICK, PICK, SAID), min_size=3, max_size=9))
    def begin(self, visits):
        for who, where, answers in visits:
            self.visit(who, where, answers)

    @rule(who=PICK, where=PICK, answers=SAID)
    def visit(self, who, where, answers):
        """Answer what the page gives, one after another."""
        for answer in answers:
            person, workflow = self.person(who), self.workflow(where)
            self.lease(who, where, 1)
            leases = Lease.objects.held_by(person).filter(entry__workflow=workflow).order_by("pk")
            if subjects := list(leases.values_list("entry__subject", flat=True)):
                self._submit(person, workflow, [Item(new_id(), subjects[0], answer)])

    @rule(who=PICK, where=PICK, n=st.integers(1, 3))
    def lease(self, who, where, n):
        person, workflow = self.person(who), self.workflow(where)
        before = set(Lease.objects.held_by(person).values_list("entry", flat=True))
        leases, answered = lease_next(person, workflow, n)
        assert answered == sum(value[:2] == (person.pk, workflow.pk) for value in self.said.values())
        for lease in leases:
            self.assigned[person.key, workflow.pk].add(lease.entry.subject_id)
            if lease.entry_id not in before:
                self._check_new(person, workflow, QueueEntry.objects.select_related("subject").get(pk=lease.entry_id))
            assert not self._answer(person, workflow, lease.entry.subject_id), "leased though answered"

    def _check_new(self, person, workflow, entry):
        assert workflow.is_active
        assert entry.subject.pixels_dropped_at is None
        if entry.is_gold:
            return
        assert not entry.is_retired
        assert not workflow.is_training
        key, oracle = (workflow.pk, entry.subject_id), Oracle()
        if not oracle.is_waiting(key):
            votes = oracle.sums[key].votes
            assert votes + oracle.taken(key) <= wanted(workflow, votes), "more people asked than votes wanted"

    @rule(who=PICK, where=PICK, what=st.lists(st.tuples(PICK, ANSWERS, st.booleans()), min_size=1, max_size=3))
    def answer(self, who, where, what):
        person, workflow = self.person(who), self.workflow(where)
        choices = sorted(self.assigned[person.key, workflow.pk])
        chosen = {choices[each % len(choices)]: (answer, more) for each, answer, more in what if choices}
        items = [
            Item(new_id(), subject, answer, self._follow_up(workflow, answer, more))
            for subject, (answer, more) in chosen.items()
        ]
        if items:
            self._submit(person, workflow, items)

    def _follow_up(self, workflow, answer, more):
        offered = workflow.offered(answer)
        return offered[-1] if more and offered else ""

    def _submit(self, person, workflow, items):
        store_newcomer(person)
        is_new = {item.id: self._will_be_stored(person, workflow, item.subject) for item in items}
        results = submit(person, workflow, items)
        for item, result in zip(items, results, strict=True):
            assert result.recorded.is_new == is_new[item.id], "stored or not against the rules"
            if result.recorded.is_new:
                self.said[item.id] = (person.pk, workflow.pk, item.subject, item.answer, item.follow_up)
                self.sent[person.key].append((workflow.pk, item))

    def _will_be_stored(self, person, workflow, subject):
        entry = QueueEntry.objects.get(workflow=workflow, subject=subject)
        if self._answer(person, workflow, subject):
            return False
        if entry.is_gold or Lease.objects.filter(volunteer=person, entry=entry).exists():
            return True
        given = Classification.objects.standing().filter(workflow=workflow, subject=subject).count()
        return not entry.is_retired and given < workflow.max_votes

    def _answer(self, person, workflow, subject):
        own = Classification.objects.standing().filter(volunteer_id=person.pk)
        return own.filter(workflow=workflow, subject=subject).first()

    @rule(who=PICK, which=PICK)
    def resend(self, who, which):
        person = self.person(who)
        if sent := self.sent[person.key]:
            workflow, item = sent[which % len(sent)]
            (result,) = submit(person, self.by_key(workflow), [item])
            assert result.recorded.is_replay
            assert not result.recorded.is_new

    @rule(who=PICK, which=st.integers(0, 3))
    def undo(self, who, which):
        person = self.person(who)
        sent = [item.id for _, item in self.sent[person.key]]
        if len(sent) <= which:
            return
        pk = sent[-1 - which]
        row = Classification.objects.select_related("workflow").get(pk=pk)
        if row.withdrawn_at is None and not is_undoable(row):
            try:
                undo(person, pk)
            except TooLate:
                return
            raise AssertionError("undone too late")
        undo(person, pk)
        self.said.pop(pk, None)
        self.credits.discard((person.pk, row.workflow_id, row.subject_id))

    @rule(who=PICK, which=st.integers(0, 3), more=st.booleans())
    def change_follow_up(self, who, which, more):
        person = self.person(who)
        sent = [(self.by_key(workflow), item) for workflow, item in self.sent[person.key] if item.id in self.said]
        if len(sent) > which:
            workflow, item = sent[-1 - which]
            follow_up = self._follow_up(workflow, item.answer, more)
            say_more(person, item.id, follow_up)
            self.said[item.id] = (*self.said[item.id][:4], follow_up)

    @precondition(lambda self: len(self.people) < 8)
    @rule(is_stored=st.booleans())
    def arrive(self, is_stored):
        person = Volunteer(key=new_id())
        if is_stored:
            person.save()
        self.people.append(person)

    @rule(who=PICK, which=PICK)
    def join(self, who, which):
        visitors = [each for each in self.people if each.user_id is None and each.pk is not None]
        accounts = [each for each in self.people if each.user_id is not None]
        if visitors and accounts:
            self._join(visitors[who % len(visitors)], accounts[which % len(accounts)])

    def _join(self, visitor, account):
        merge(visitor, account)
        self.people.remove(visitor)
        self.merged.append(visitor)
        own = {value[1:3] for value in self.said.values() if value[0] == account.pk}
        for pk, (who, *value) in list(self.said.items()):
            if who == visitor.pk and tuple(value[:2]) in own:
                del self.said[pk]
            elif who == visitor.pk:
                self.said[pk] = (account.pk, *value)
        self._move_credits(visitor, account)
        for workflow in self.workflows:
            self.assigned[account.key, workflow.pk] |= self.assigned.pop((visitor.key, workflow.pk), set())
        moved = set(Classification.objects.filter(volunteer=account).values_list("pk", flat=True))
        self.sent[account.key] += [each for each in self.sent.pop(visitor.key, []) if each[1].id in moved]

    def _move_credits(self, visitor, account):
        yes = {value[1:3] for value in self.said.values() if value[0] == account.pk and value[3] == "yes"}
        moved = {key for who, *key in self.credits if who == visitor.pk for key in [tuple(key)]}
        self.credits = {credit for credit in self.credits if credit[0] != visitor.pk}
        self.credits |= {(account.pk, *key) for key in moved & yes}

    @precondition(lambda self: self.merged)
    @rule(which=PICK, where=PICK)
    def lease_on_a_page_from_before_joining(self, which, where):
        lease_next(self.merged[which % len(self.merged)], self.workflow(where), 1)

    @rule(who=PICK, keep=st.booleans())
    def leave(self, who, keep):
        accounts = [each for each in self.people if each.user_id is not None]
        if len(accounts) < 2:
            return
        person = accounts[who % len(accounts)]
        delete_account(user=person.user, keep_answers=keep)
        self.people.remove(person)
        self.credits = {credit for credit in self.credits if credit[0] != person.pk}
        if not keep:
            self.said = {pk: value for pk, value in self.said.items() if value[0] != person.pk}

    @rule(who=PICK, which=PICK)
    def resend_what_was_sent_before_joining(self, who, which):
        """A browser that has joined sends again what its visitor had sent, which may have been withdrawn for double."""
        person = self.person(who)
        if person.pk and (rows := list(Classification.objects.filter(volunteer__merged_into=person.pk))):
            row = rows[which % len(rows)]
            (result,) = submit(person, row.workflow, [Item(row.pk, row.subject_id, row.answer, row.follow_up)])
            assert not result.recorded.is_new
