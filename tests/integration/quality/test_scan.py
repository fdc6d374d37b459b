"""A job flags bots; their answers have no weight while a flag stands, and count again afterwards."""

import random
import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from tasks import housekeeping, jobs
from tasks.worker import app
from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.classifications.models import Classification
from webapp.consensus.batch_aggregation import all_votes
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up
from webapp.core.jobs import JobState
from webapp.quality import quality_scan
from webapp.quality.models import FlagState, QualityFlag, QualityScan
from webapp.quality.quality_scan import decide, start_scan, workflows_to_scan
from webapp.queue.membership import enqueue_subjects

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_in_the_tests_transaction")]


@pytest.fixture
def workflow():
    return make_workflow(subjects=40, gold=0, method="majority", min_votes=9, max_votes=9)


@pytest.fixture
def bot(workflow):
    """Five people answer all subjects, half of which are a yes; a bot says yes to everything, immediately."""
    people = [make_volunteer() for _ in range(5)]
    bot = make_volunteer()
    rng = random.Random(1)
    rows = []
    for number, subject in enumerate(subjects_of(workflow)):
        for person in people:
            right = rng.random() < 0.9
            rows.append(answered(person, workflow, subject, "yes" if right == (number % 2 == 0) else "no", 3.0))
        rows.append(answered(bot, workflow, subject, "yes", 0.1))
    Classification.objects.bulk_create(rows)
    settle(workflow)
    return bot


def answered(volunteer, workflow, subject, answer, seconds, counted=True):
    now = timezone.now()
    return Classification(
        id=uuid.uuid4(), volunteer=volunteer, workflow=workflow, subject=subject, answer=answer,
        started_at=now - timedelta(seconds=seconds), finished_at=now, is_counted=counted,
    )  # fmt: skip


def settle(workflow):
    """Run the scheduled recomputation, including everything set up by hand."""
    for volunteer in set(Classification.objects.values_list("volunteer", flat=True)):
        Skill.objects.get_or_create(volunteer_id=volunteer, workflow=workflow, defaults={"revision": 1})
    catch_up(workflow)


def scan(workflow):
    job = start_scan(workflow, by=None)
    jobs.scan_quality(job.pk)
    job.refresh_from_db()
    return job


def yes_votes(workflow):
    return sum(Consensus.objects.filter(workflow=workflow).values_list("votes_yes", flat=True))


def test_a_bot_is_flagged_with_evidence_and_its_answers_weigh_nothing(workflow, bot):
    before = yes_votes(workflow)
    job = scan(workflow)
    assert (job.state, job.found, job.message) == (JobState.DONE, 2, "2 new, 0 cleared.")
    kinds = dict(QualityFlag.objects.filter(volunteer=bot).values_list("kind", "numbers"))
    assert kinds == {
        "speed": {"n": 40, "median": 0.1, "limit": 0.5},
        "constant": {"n": 40, "same": 40, "answer": "yes", "expected": kinds["constant"]["expected"]},
    }
    assert QualityFlag.objects.exclude(volunteer=bot).count() == 0
    catch_up(workflow)
    assert yes_votes(workflow) == before - 40
    assert str(bot.pk) not in all_votes(workflow).workers
    assert Classification.objects.filter(volunteer=bot, withdrawn_at=None).count() == 40


def test_new_answers_of_the_flagged_weigh_nothing_either_but_still_measure(workflow, bot):
    scan(workflow)
    other = make_workflow(subjects=0, gold=2, slug="atlas-2")
    gold = subjects_of(other, gold=True)[0]
    workflow.subject_sets.first().subjects.add(gold)
    enqueue_subjects(workflow)
    catch_up(workflow)
    row = vote(bot, workflow, gold, "yes").recorded.classification
    assert (row.is_counted, row.log_odds_micronats) == (True, None)
    skill = Skill.objects.get(volunteer=bot, workflow=workflow)
    assert sum(map(sum, skill.counts())) == 1


def test_scanning_twice_changes_nothing(workflow, bot):
    scan(workflow)
    catch_up(workflow)
    flags = list(QualityFlag.objects.order_by("pk").values_list("pk", "state", "p", "found_at"))
    assert scan(workflow).message == "0 new, 0 cleared."
    assert list(QualityFlag.objects.order_by("pk").values_list("pk", "state", "p", "found_at")) == flags
    assert not Skill.objects.filter(revision__gt=F("applied_revision")).exists()


def test_dismissing_brings_the_answers_back_and_stands_against_the_next_scan(workflow, bot, django_user_model):
    scientist = django_user_model.objects.create(username="sue")
    before = yes_votes(workflow)
    scan(workflow)
    catch_up(workflow)
    for flag in QualityFlag.objects.all():
        decide(flag=flag, state=FlagState.DISMISSED, by=scientist)
    assert Skill.objects.get(volunteer=bot).is_trusted
    catch_up(workflow)
    assert yes_votes(workflow) == before
    scan(workflow)
    assert set(QualityFlag.objects.values_list("state", "decided_by__username")) == {(FlagState.DISMISSED, "sue")}
    assert Skill.objects.get(volunteer=bot).is_trusted


def test_one_flag_that_stands_is_enough_and_undoing_opens_it_again(workflow, bot, django_user_model):
    scientist = django_user_model.objects.create(username="sue")
    scan(workflow)
    first, second = QualityFlag.objects.all()
    decide(flag=first, state=FlagState.DISMISSED, by=scientist)
    assert not Skill.objects.get(volunteer=bot).is_trusted
    decide(flag=second, state=FlagState.DISMISSED, by=scientist)
    assert Skill.objects.get(volunteer=bot).is_trusted
    undone = decide(flag=second, state=FlagState.OPEN, by=scientist)
    assert (undone.decided_by, undone.decided_at) == (None, None)
    assert not Skill.objects.get(volunteer=bot).is_trusted


def test_who_begins_to_look_comes_back_by_newer_answers(workflow, bot, monkeypatch):
    monkeypatch.setattr("webapp.quality.quality_scan.NEWEST", 40)
    scan(workflow)
    confirmed = QualityFlag.objects.get(kind="constant")
    QualityFlag.objects.filter(pk=confirmed.pk).update(state=FlagState.CONFIRMED)
    again = make_workflow(subjects=40, slug="more")
    fresh = [answered(bot, workflow, s, "no" if n % 2 else "yes", 3.0) for n, s in enumerate(subjects_of(again))]
    Classification.objects.bulk_create(fresh)
    assert scan(workflow).message == "0 new, 1 cleared."
    assert dict(QualityFlag.objects.values_list("kind", "state")) == {"speed": "expired", "constant": "confirmed"}
    assert not Skill.objects.get(volunteer=bot, workflow=workflow).is_trusted
    Classification.objects.filter(pk__in=[row.pk for row in fresh]).delete()
    assert scan(workflow).found == 1
    assert QualityFlag.objects.get(kind="speed").state == FlagState.OPEN


def test_signing_in_is_no_way_out(workflow, bot):
    scan(workflow)
    account = make_volunteer("shining")
    merge(bot, account)
    assert set(QualityFlag.objects.values_list("volunteer", flat=True)) == {account.pk}
    assert not Skill.objects.get(volunteer=account, workflow=workflow).is_trusted
    assert str(account.pk) not in all_votes(workflow).workers


def test_signing_in_while_a_scan_runs_is_no_way_out(workflow, bot, monkeypatch):
    scan(workflow)
    account, find_flags = make_volunteer("shining"), quality_scan.find_flags

    def meanwhile(*args, **kwargs):
        merge(bot, account)
        return find_flags(*args, **kwargs)

    monkeypatch.setattr(quality_scan, "find_flags", meanwhile)
    assert scan(workflow).message == "0 new, 0 cleared."
    assert set(QualityFlag.objects.values_list("volunteer", "state")) == {(account.pk, FlagState.OPEN)}
    assert not Skill.objects.get(volunteer=account, workflow=workflow).is_trusted


@pytest.fixture
def flag_after(monkeypatch):
    """Return a function that makes the next scan change something once it has read the answers."""
    find_flags = quality_scan.find_flags

    def change_first(change):
        def late(*args, **kwargs):
            change()
            return find_flags(*args, **kwargs)

        monkeypatch.setattr(quality_scan, "find_flags", late)

    return change_first


@pytest.mark.django_db(transaction=True)
def test_a_scan_leaves_out_whoever_deletes_their_account_meanwhile(workflow, bot, flag_after):
    account = make_volunteer("shining")
    merge(bot, account)
    flag_after(lambda: delete_account(user=account.user, keep_answers=False))
    assert scan(workflow).state == JobState.DONE
    assert not QualityFlag.objects.exists()


def test_of_two_bots_that_join_one_account_meanwhile_a_scan_flags_the_account_once(workflow, bot, flag_after):
    other, account = make_volunteer(), make_volunteer("shining")
    half = subjects_of(workflow)[:20]
    Classification.objects.filter(volunteer=bot, subject__in=half).update(volunteer=other)
    settle(workflow)
    scan(workflow)
    assert QualityFlag.objects.filter(kind="speed").count() == 2
    QualityFlag.objects.all().delete()
    flag_after(lambda: (merge(bot, account), merge(other, account)))
    assert scan(workflow).state == JobState.DONE
    assert set(QualityFlag.objects.filter(kind="speed").values_list("volunteer", flat=True)) == {account.pk}


@pytest.mark.django_db(transaction=True)
def test_a_scan_that_writes_its_flags_does_not_give_them_back_to_a_visitor(workflow, bot, monkeypatch):
    scan(workflow)
    account, save = make_volunteer("shining"), QualityFlag.save
    signs_in = beside(lambda: merge(bot, account))

    def late(flag, *args, **kwargs):
        if not signs_in.ident:
            signs_in.start()
            wait_until_somebody_waits(signs_in)
        save(flag, *args, **kwargs)

    monkeypatch.setattr(QualityFlag, "save", late)
    scan(workflow)
    signs_in.join()
    assert set(QualityFlag.objects.values_list("volunteer", flat=True)) == {account.pk}


@pytest.mark.django_db(transaction=True)
def test_a_flag_that_a_scientist_decides_on_goes_with_its_volunteer_after_that(workflow, bot, monkeypatch):
    scan(workflow)
    scientist = make_volunteer("sue").user
    flag, save = QualityFlag.objects.first(), QualityFlag.save
    leaves = beside(lambda: QualityFlag.objects.all().delete())

    def late(flag, *args, **kwargs):
        leaves.start()
        wait_until_somebody_waits(leaves)
        save(flag, *args, **kwargs)

    monkeypatch.setattr(QualityFlag, "save", late)
    assert decide(flag=flag, state=FlagState.CONFIRMED, by=scientist).state == FlagState.CONFIRMED
    leaves.join()
    with pytest.raises(QualityFlag.DoesNotExist):
        decide(flag=flag, state=FlagState.DISMISSED, by=scientist)


def test_a_flag_that_expired_does_not_hide_one_that_a_scientist_confirmed(workflow, bot, django_user_model):
    scan(workflow)
    for flag in QualityFlag.objects.filter(volunteer=bot):
        decide(flag=flag, state=FlagState.CONFIRMED, by=django_user_model.objects.create(username=flag.kind))
    account = make_volunteer("shining")
    for kind in QualityFlag.objects.filter(volunteer=bot).values_list("kind", flat=True):
        QualityFlag.objects.create(
            volunteer=account, workflow=workflow, kind=kind, p=1e-9, seen_at=timezone.now(), state=FlagState.EXPIRED
        )
    merge(bot, account)
    assert set(QualityFlag.objects.values_list("volunteer", "state")) == {(account.pk, FlagState.CONFIRMED)}
    assert not Skill.objects.get(volunteer=account, workflow=workflow).is_trusted


def test_every_night_looks_once_through_what_is_new(workflow, bot):
    assert workflows_to_scan() == [workflow]
    housekeeping.nightly_quality_scan()
    assert QualityScan.objects.count() == 1
    assert workflows_to_scan() == []
    QualityScan.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert workflows_to_scan() == [workflow]
    assert any(entry["task"] == "tasks.quality.nightly" for entry in app.conf.beat_schedule.values())
    assert "tasks.quality.run" in app.tasks


def test_a_scan_that_failed_is_made_the_next_night_without_further_answers(workflow, bot):
    housekeeping.nightly_quality_scan()
    long_ago = timezone.now() - timedelta(days=2)
    QualityScan.objects.update(state=JobState.FAILED, created_at=long_ago)
    Classification.objects.update(created_at=long_ago - timedelta(days=1))
    Consensus.objects.update(updated_at=long_ago - timedelta(days=1))
    assert workflows_to_scan() == [workflow]


def test_nobody_has_answered(workflow):
    job = scan(workflow)
    assert (job.state, job.message) == (JobState.DONE, "0 new, 0 cleared.")
