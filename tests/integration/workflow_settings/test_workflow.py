"""Admins create workflows and change them; the queue follows."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.integration.people import browser, others
from tests.integration.world import make_subject, make_volunteer, vote
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.consensus.models import ConsensusRecompute
from webapp.learning.reordering import PAUSE, VOTES
from webapp.queue.models import Lease, QueueEntry
from webapp.workflow_settings.change_workflow import change_workflow, open_workflow
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

PAGE = "/surveys/atlas/workflows/"
RULES = {
    "name": "Movers",
    "question": "Is it real?",
    "help_text": "",
    "is_active": "on",
    "undo_seconds": "30",
    "method": "majority",
    "prior": "0.5",
    "min_votes": "2",
    "max_votes": "5",
    "majority": "0.8",
    "accept_threshold": "0.99",
    "reject_threshold": "0.01",
    "agreement_votes": "5",
    "undecided_votes": "5",
    "random_fraction": "0.2",
    "acquisition": "diverse",
    "positive_fraction": "0",
    "rare_fraction": "0.05",
    "training_schedule_fraction": ["0.4", "0.1", ""],
    "training_schedule_until": ["20", "", ""],
    "level": "1",
    "required_skill": "0.8",
    "min_new_labels": "",
}
SETTINGS = {
    "name": "Movers", "question": "Is it real?", "help_text": "", "follow_ups": {}, "line_marking": False,
    "is_active": True, "undo_seconds": 30, "method": "majority", "prior": 0.5, "min_votes": 2, "max_votes": 5,
    "majority": 0.8, "accept_threshold": 0.99, "reject_threshold": 0.01, "agreement": None, "agreement_votes": 5,
    "empty_after_no_votes": None, "undecided_share": None, "undecided_votes": 5, "flags": None, "random_fraction": 0.2,
    "acquisition": "diverse", "positive_fraction": 0.0, "rare_fraction": 0.05, "training_schedule": [[0, 0.1]],
    "is_training": False, "level": 1, "required_skill": 0.8, "reveal_model_score": False, "min_new_labels": None,
}  # fmt: skip


def steps(*rows):
    """Return the form data of these rows of the schedule."""
    return {
        "training_schedule_fraction": [share for share, _ in rows],
        "training_schedule_until": [until for _, until in rows],
    }


@pytest.fixture
def sets(survey):
    """Two sets: three tracklets, one of them gold, and a stamp; and two tracklets more."""
    first, second = (SubjectSet.objects.create(survey=survey, name=name) for name in ("first", "second"))
    first.subjects.set([make_subject(survey, "a"), make_subject(survey, "b"), make_subject(survey, "g", "AST")])
    stamp = make_subject(survey, "stamp")
    Subject.objects.filter(pk=stamp.pk).update(kind="stamp")
    first.subjects.add(stamp)
    second.subjects.set([make_subject(survey, "c"), make_subject(survey, "d")])
    return first, second


@pytest.fixture
def workflow(survey, sets):
    return open_workflow(survey=survey, slug="movers", kind="tracklet", subject_sets=sets[:1], **SETTINGS).workflow


def said(*sets, **changes):
    return {**RULES, "subject_sets": [each.pk for each in sets], **changes}


def queued(workflow):
    return sorted(QueueEntry.objects.filter(workflow=workflow).values_list("subject__external_id", flat=True))


def test_an_admin_opens_a_workflow_and_its_queue_is_filled(admin, sets):
    page = browser(admin)
    form = page.get(f"{PAGE}new/").content.decode()
    assert "first (1 stamp, 3 tracklets)" in form
    follow_ups = {"follow_ups_yes": ["AST", "COMET"], "follow_ups_no": ["CR"]}
    answer = page.post(f"{PAGE}new/", said(sets[0], slug="movers", kind="tracklet", **follow_ups))
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}movers/")
    workflow = Workflow.objects.get()
    assert (workflow.survey.slug, workflow.kind, workflow.min_new_labels) == ("atlas", "tracklet", None)
    assert workflow.follow_ups == {"yes": ["AST", "COMET"], "no": ["CR"]}
    assert workflow.training_schedule == [[0, 0.4], [20, 0.1]]
    assert queued(workflow) == ["a", "b", "g"]
    assert "3 subjects were added to the queue." in page.get(f"{PAGE}movers/").content.decode()
    assert "2 open, 0 retired, 1 gold" in page.get(PAGE).content.decode()
    assert page.get("/classify/movers/").status_code == 200


def test_the_form_of_a_new_workflow_has_an_only_set_chosen(admin, sets):
    chosen = 'name="subject_sets" value="{}"'.format
    both = browser(admin).get(f"{PAGE}new/").content.decode()
    assert [both.split(chosen(each.pk))[1].split(">")[0].count("checked") for each in sets] == [0, 0]
    sets[1].delete()
    one = browser(admin).get(f"{PAGE}new/").content.decode()
    assert "checked" in one.split(chosen(sets[0].pk))[1].split(">")[0]


def test_the_settings_promise_no_more_than_posteriors_and_queues_do(admin, workflow):
    page = browser(admin).get(f"{PAGE}{workflow.slug}/").content.decode()
    assert "At 0.99, at most one in a hundred is wrong if posteriors are calibrated" in page
    assert "Otherwise votes reorder it too: 500 of them, or any after ten minutes." in page
    assert VOTES == 500
    assert timedelta(minutes=10) == PAUSE


def test_nobody_else_opens_or_changes_a_workflow(survey, workflow, sets):
    for person in others(survey):
        assert person.post(f"{PAGE}new/", said(slug="mine", kind="stamp")).status_code == 403
        assert person.post(f"{PAGE}movers/", said(sets[1], name="Mine")).status_code == 403
        for path in (PAGE, f"{PAGE}new/", f"{PAGE}movers/", f"{PAGE}movers/queue/"):
            assert person.get(path).status_code in (403, 302)
    assert Workflow.objects.get().name == "Movers"
    assert queued(workflow) == ["a", "b", "g"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"slug": "new"}, "Choose another"),
        ({"slug": "movers"}, "Another workflow uses this URL slug"),
        ({"kind": "nebula"}, "nebula is not one of the available choices"),
        ({"question": " "}, "This field is required"),
        ({"min_votes": "6"}, "must be at least minimum votes"),
        ({"min_votes": "0"}, "At least one vote"),
        ({"max_votes": "99999"}, "less than or equal to 32767"),
        ({"prior": "1"}, "votes would have no effect"),
        ({"prior": "much"}, "Enter a number"),
        ({"majority": "0.4"}, "from 0.5 to 1"),
        ({"accept_threshold": "0.5"}, "more than 0.5"),
        ({"reject_threshold": "0.6"}, "less than 0.5"),
        ({"random_fraction": "1.5"}, "less than or equal to 1.0"),
        (steps(("often", "")), "Row 1: the fraction is a number from 0 to 1"),
        (steps(("0.4", "some")), "Row 1: it ends at a whole number of subjects seen"),
        (steps(("0.4", "20"), ("", ""), ("", "30")), "Row 3: the fraction is a number from 0 to 1"),
        (steps(("0.4", ""), ("0.1", "")), "Row 2 is never reached: the row above has no end"),
        (steps(("0.1", "20"), ("0.4", "")), "The fraction must fall from row to row"),
        (steps(("0.4", "20"), ("0.3", "20"), ("0.1", "")), "each later one at more than the one before"),
        (steps(("1.4", "")), "Each fraction lies between 0 (never) and 1 (always)"),
        (steps(("nan", "")), "a number of subjects and a fraction"),
        (steps(("", "")), "This field is required"),
        (steps(), "This field is required"),
        ({"level": "0"}, "greater than or equal to 1"),
        ({"required_skill": "2"}, "less than or equal to 1"),
        ({"undo_seconds": "-1"}, "greater than or equal to 0"),
        ({"method": "guess"}, "guess is not one of the available choices"),
        ({"follow_ups_yes": ["GALAXY"]}, "GALAXY is not one of the available choices"),
        ({"subject_sets": ["999999"]}, "999999 is not one of the available choices"),
        ({"subject_sets": ["x"]}, "is not a valid value"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(admin, workflow, changes, sentence):
    answer = browser(admin).post(f"{PAGE}new/", said(**{"slug": "other", "kind": "stamp"} | changes))
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    if not {"slug", "kind"} & set(changes):
        answer = browser(admin).post(f"{PAGE}movers/", said(**changes))
        assert answer.status_code == 400
        assert sentence in answer.content.decode()
    assert Workflow.objects.get() == workflow
    assert queued(workflow) == ["a", "b", "g"]


def test_slug_and_kind_stay_as_they_are(admin, workflow, sets):
    answer = browser(admin).post(
        f"{PAGE}movers/", said(sets[0], slug="other", kind="stamp", min_new_labels="50", retrain_days="7")
    )
    assert answer.status_code == 302
    workflow.refresh_from_db()
    assert (workflow.slug, workflow.kind) == ("movers", "tracklet")
    assert (workflow.min_new_labels, workflow.retrain_days) == (50, 7)
    models = browser(admin).get("/surveys/atlas/learning/").content.decode()
    assert "New labels needed: 50. Days after the last run, if a label is new: 7." in models
    answer = browser(admin).post(f"{PAGE}movers/", said(sets[0], retrain_days="0"))
    assert (answer.status_code, "retrain_days" in answer.context["form"].errors) == (400, True)


def test_of_two_admins_who_change_a_workflow_the_second_reads_what_the_first_has_changed(survey, admin, workflow, sets):
    seen = browser(admin).get(f"{PAGE}movers/").context["seen"]
    first, second = browser(admin), browser(admin)
    given = said(sets[0], prior="0.3", seen=seen)
    assert second.post(f"{PAGE}movers/", {**given, "try": "1"}).context["seen"] == seen
    for _ in range(2):  # pressed twice
        assert first.post(f"{PAGE}movers/", said(sets[0], prior="0.1", seen=seen)).status_code == 302
    answer = second.post(f"{PAGE}movers/", given)
    assert answer.status_code == 409
    assert "after you opened this page, so nothing was saved. Yours differs in: Prior." in answer.content.decode()
    workflow.refresh_from_db()
    assert workflow.prior == 0.1
    assert second.post(f"{PAGE}movers/", given | {"seen": answer.context["seen"]}).status_code == 302
    workflow.refresh_from_db()
    assert workflow.prior == 0.3


def test_a_new_set_joins_the_queue_and_a_dropped_one_leaves_it_unless_begun(survey, workflow, sets):
    saved = change_workflow(workflow=workflow, subject_sets=sets, by=None, **SETTINGS)
    assert (saved.added, saved.removed, saved.recount) == (2, 0, None)
    assert queued(workflow) == ["a", "b", "c", "d", "g"]
    vote(make_volunteer("v"), workflow, Subject.objects.get(external_id="a"))
    held = QueueEntry.objects.get(workflow=workflow, subject__external_id="b")
    Lease.objects.create(entry=held, volunteer=make_volunteer("w"), reason="new", expires_at=timezone.now())
    saved = change_workflow(workflow=workflow, subject_sets=sets[1:], by=None, **SETTINGS)
    assert (saved.added, saved.removed) == (0, 1)
    assert queued(workflow) == ["a", "b", "c", "d"]


def test_the_sets_and_classes_of_another_survey_are_refused(workflow, sets):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    strange = SubjectSet.objects.create(survey=elsewhere, name="theirs")
    with pytest.raises(ValidationError, match="Choose subject sets of ATLAS"):
        change_workflow(workflow=workflow, subject_sets=[strange], by=None, **SETTINGS)
    with pytest.raises(ValidationError, match="“GALAXY” is not a class of ATLAS"):
        change_workflow(workflow=workflow, subject_sets=sets, by=None, **SETTINGS | {"follow_ups": {"no": ["GALAXY"]}})
    assert list(workflow.subject_sets.all()) == [sets[0]]


def test_a_workflow_without_subjects_does_not_open(workflow):
    with pytest.raises(ValidationError, match="Choose a subject set"):
        change_workflow(workflow=workflow, subject_sets=[], by=None, **SETTINGS)
    assert workflow.subject_sets.exists()
    change_workflow(workflow=workflow, subject_sets=[], by=None, **SETTINGS | {"is_active": False})
    assert not workflow.subject_sets.exists()


def test_a_workflow_of_another_survey_is_not_found(admin, survey):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    open_workflow(survey=elsewhere, slug="theirs", kind="stamp", subject_sets=[], **SETTINGS | {"is_active": False})
    assert browser(admin).get(f"{PAGE}theirs/").status_code == 404
    assert browser(admin).post(f"{PAGE}theirs/", said(name="Mine")).status_code == 404
    assert Workflow.objects.get().name == "Movers"


def test_a_follow_up_whose_class_has_gone_can_be_kept_or_dropped(admin, survey, workflow, sets):
    Workflow.objects.filter(pk=workflow.pk).update(follow_ups={"no": ["CR", "SCAR"]})
    page = browser(admin)
    assert 'value="SCAR"' in page.get(f"{PAGE}movers/").content.decode()
    assert page.post(f"{PAGE}movers/", said(sets[0], follow_ups_no=["SCAR"])).status_code == 302
    assert page.post(f"{PAGE}movers/", said(sets[0])).status_code == 302
    workflow.refresh_from_db()
    assert workflow.follow_ups == {}


def test_an_admin_reads_which_levels_nobody_can_unlock_now(admin, workflow, sets):
    page = browser(admin)

    def read(address, **changes):
        return page.post(f"{PAGE}{address}/", said(sets[0], **changes), follow=True).content.decode()

    expert = read("new", slug="expert", kind="tracklet", name="Expert", level="2")
    assert "no workflow is open at level" not in expert + read("movers")
    closed = read("movers", is_active="")
    assert "“Expert” is at level 2, but no workflow is open at level 1." in closed
    lifted = read("expert", name="Expert", level="3")
    assert "“Expert” is at level 3, but no workflow is open at level 2." in lifted
    assert "no workflow is open at level" not in read("expert", name="Expert", level="3", is_active="")


def test_a_closed_workflow_is_asked_no_more(admin, workflow, sets):
    closed = said(sets[0])
    del closed["is_active"]
    assert browser(admin).post(f"{PAGE}movers/", closed).status_code == 302
    assert browser().get("/classify/movers/").status_code == 404
    assert not ConsensusRecompute.objects.exists()
