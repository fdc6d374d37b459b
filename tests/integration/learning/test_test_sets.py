"""The test side: by the hash of the object's name, the same in Python and SQL, and by whole nights."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.learning import sky
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.people import member
from webapp.archive.models import Subject
from webapp.learning import curate_labels, models, test_sets, training_sets, unlabelled_pool
from webapp.learning.curate_labels import labels
from webapp.learning.test_sets import (
    TEST_SHARE,
    HeldOut,
    choose_groups,
    choose_nights,
    is_test_group,
    nights_of,
    on_test_side,
)
from webapp.linking.linked_objects import merge, take_back
from webapp.linking.models import Decision, LinkRun, Links, Proposal

pytestmark = pytest.mark.django_db


def test_python_and_the_database_agree_on_the_test_side():
    survey = sky.survey()
    rows = sky.subjects(survey, [True] * 300)
    for number, row in enumerate(rows[:20]):
        row.object_group = ["", "é", "(1) Ceres", "a" * 190][number % 4] + str(number // 4)
    Subject.objects.bulk_update(rows, ["object_group"])
    sky.make_gold(rows, [True] * 300)
    in_database = set(on_test_side(survey, HeldOut()).values_list("pk", flat=True))
    assert in_database == {row.pk for row in rows if is_test_group(row.object_group)}
    assert abs(len(in_database) / 300 - TEST_SHARE) < 0.1


def test_volunteers_labels_alone_put_nothing_on_the_test_side():
    survey = sky.survey()
    sky.subjects(survey, [True] * 50)
    assert not on_test_side(survey, HeldOut()).exists()


def test_whole_nights_are_kept_out_where_there_are_many():
    assert choose_nights({60000: 50, 60001: 50}) == []
    many = {60000 + day: 10 for day in range(20)}
    chosen = choose_nights(many)
    assert len(chosen) == 2
    assert chosen == choose_nights(dict(reversed(many.items())))
    assert choose_nights({60000: 1000, **{60001 + day: 1 for day in range(4)}}) == [60001, 60002, 60003, 60004]
    assert list(nights_of([60000.9, 60001.0, None]).values()) == [2], "a night goes on past 0h UT"
    evenings = [60000.95, 60001.3, 60001.92, 60002.1, 60003.2, None]  # from 22h to 7h UT
    assert sorted(nights_of(evenings).values()) == [1, 2, 2]


@pytest.mark.parametrize("seed", range(12))
def test_little_gold_is_held_out_in_equal_parts(seed):
    """With 14 of each, chance alone left two real and five bogus ones."""
    survey = sky.survey()
    rows = sky.subjects(survey, [True] * 28, prefix=f"s{seed}-")
    sky.make_gold(rows, [number % 2 == 0 for number in range(28)])
    frozen = test_sets.freeze(survey=survey, kind="stamp")
    answers = [label.label for label in test_sets.frozen_labels(frozen)]
    assert min(answers.count("yes"), answers.count("no")) >= 6
    workflow = sky.workflow(survey)
    assert not {label.object_group for label in labels(workflow)} & set(frozen.groups)
    assert len(labels(workflow)) == 28 - len(answers)


def test_objects_held_out_stay_so_when_more_gold_comes():
    few = {f"object {n}": "yes" for n in range(14)} | {f"thing {n}": "no" for n in range(14)}
    chosen = choose_groups(few, ())
    many = few | {f"later {n}": "yes" for n in range(300)}
    assert set(chosen) <= set(choose_groups(many, chosen))


def test_nothing_of_a_test_night_is_trained_on_not_even_an_object_seen_there():
    survey = sky.survey()
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, [True] * 200)
    for number, row in enumerate(rows):
        row.mjd = 60000 + number % 10 + 0.3
    Subject.objects.bulk_update(rows, ["mjd"])
    sky.make_gold(rows, [number % 4 < 2 for number in range(200)])
    frozen = test_sets.freeze(survey=survey, kind="stamp")
    (night,) = frozen.nights
    of_night = [row for row in rows if int(row.mjd) == night]
    traveller = next(row for row in rows if int(row.mjd) != night and not is_test_group(row.object_group))
    Subject.objects.filter(pk=traveller.pk).update(object_group=of_night[0].object_group)
    learnt = {label.subject_id for label in labels(workflow)}
    assert not learnt & {row.pk for row in of_night}
    assert traveller.pk not in learnt
    assert {row.pk for row in of_night} <= {label.subject_id for label in test_sets.frozen_labels(frozen)}


def test_a_frozen_test_set_stays_until_somebody_asks():
    survey = sky.survey()
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, [True] * 200)
    sky.make_gold(rows[:100], [n % 2 == 0 for n in range(100)])
    frozen = test_sets.current(survey, "stamp")
    before = test_sets.frozen_labels(frozen)
    sky.make_gold(rows[100:], [n % 2 == 0 for n in range(100)])
    assert test_sets.current(survey, "stamp") == frozen
    assert test_sets.frozen_labels(frozen) == before
    newer = test_sets.freeze(survey=survey, kind="stamp")
    assert newer.size > frozen.size
    assert models.TestSet.objects.get(is_current=True) == newer
    assert test_sets.frozen_labels(frozen) == before
    judged = {label.object_group for label in test_sets.frozen_labels(newer)}
    assert not judged & {label.object_group for label in training_sets.labels_of(curate_labels.curate(workflow))[0]}


@pytest.fixture
def gold():
    """200 tracklets of known class, half of them real."""
    survey = sky.survey()
    sky.workflow(survey, kind="tracklet")
    rows = sky.subjects(survey, [True] * 200, kind="tracklet", frames=2)
    sky.make_gold(rows, [number % 2 == 0 for number in range(200)])
    return rows


def frozen_rows(gold):
    """Freeze the test set; return its subjects."""
    frozen = test_sets.freeze(survey=gold[0].survey, kind="tracklet")
    keys = {label.subject_id for label in test_sets.frozen_labels(frozen)}
    return [row for row in gold if row.pk in keys]


def test_a_frozen_subject_whose_gold_is_withdrawn_is_not_trained_on_through_votes(gold):
    withdrawn, twin, other = frozen_rows(gold)[0], *sky.subjects(gold[0].survey, [True] * 2, kind="tracklet", frames=2)
    workflow = gold[0].survey.workflows.get()
    Subject.objects.filter(pk=withdrawn.pk).update(gold_label="", gold_source="")
    Subject.objects.filter(pk=twin.pk).update(object_group=withdrawn.object_group)
    for row in (withdrawn, twin, other):
        sky.votes(workflow, row, 0.99, is_retired=True, retired_reason="consensus")
    learnt = {label.subject_id for label in labels(workflow)}
    assert other.pk in learnt
    assert not learnt & {withdrawn.pk, twin.pk}
    pool = set(unlabelled_pool.unlabelled(workflow).values_list("pk", flat=True))
    assert not pool & {withdrawn.pk, twin.pk}
    sky.make_gold(sky.subjects(gold[0].survey, [True] * 9, kind="tracklet", frames=2, prefix="more"), [True] * 9)
    test_sets.freeze(survey=gold[0].survey, kind="tracklet")
    assert {withdrawn.pk, twin.pk} <= {label.subject_id for label in labels(workflow)}, "a new set lets it go"


def test_what_was_frozen_as_part_of_an_object_is_not_trained_on_when_the_link_is_taken_back(gold):
    survey = gold[0].survey
    tested = next(row for row in gold if is_test_group(row.object_group))
    other = next(row for row in gold if not is_test_group(row.object_group))
    run = LinkRun.objects.create(survey=survey, links=Links.TRACKLETS, first_mjd=60000, last_mjd=60001, state="done")
    place = {"mjd": 60000.0, "ra": 1.0, "dec": 1.0, "rate": 1.0, "position_angle": 1.0, "misfit": 1.0}
    proposal = Proposal.objects.create(run=run, decision=Decision.CONFIRMED, **place)
    proposal.members.set([tested, other])
    merge(survey, proposal)
    assert {tested, other} <= set(frozen_rows(gold))
    by = member(survey, "scientist")
    take_back(survey=survey, proposal=proposal.pk, by=by, reason="The third frame is a star.")
    other.refresh_from_db()
    assert not is_test_group(other.object_group)
    assert not {tested.pk, other.pk} & {label.subject_id for label in labels(survey.workflows.get())}


def test_too_little_gold_is_said_in_numbers_and_freezes_nothing():
    survey = sky.survey()
    sky.make_gold(sky.subjects(survey, [True] * 30), [True] * 30)
    with pytest.raises(test_sets.TooLittleGold, match=r"real and 0 bogus.*6 of each are needed"):
        test_sets.current(survey, "stamp")
    assert not models.TestSet.objects.exists()


def test_the_command_freezes_again_or_says_why_not(capsys):
    survey = sky.survey()
    with pytest.raises(CommandError, match="There is no survey “moon”"):
        call_command("freeze", "moon", kind="stamp")
    with pytest.raises(CommandError, match="6 of each are needed") as none_yet:
        call_command("freeze", "sky", kind="stamp")
    assert "existing" not in str(none_yet.value)
    sky.make_gold(sky.subjects(survey, [True] * 100), [n % 2 == 0 for n in range(100)])
    call_command("freeze", "sky", kind="stamp")
    frozen = models.TestSet.objects.get(is_current=True)
    assert capsys.readouterr().out == f"{frozen.size} gold stamps are now the test set of sky.\n"
    Subject.objects.update(gold_label="")
    with pytest.raises(CommandError, match="The existing test set stays in use"):
        call_command("freeze", "sky", kind="stamp")


@pytest.mark.django_db(transaction=True)
def test_two_runs_that_need_the_first_test_set_at_once_freeze_one():
    survey = sky.survey()
    real = [True, False] * 30
    sky.make_gold(sky.subjects(survey, real), real)
    other = beside(lambda: test_sets.current(survey, "stamp"))
    with transaction.atomic():
        frozen = test_sets.current(survey, "stamp")
        other.start()
        wait_until_somebody_waits(other)
    other.join()
    assert list(models.TestSet.objects.all()) == [frozen]
    assert test_sets.current(survey, "stamp") == frozen
