"""Starting an ingest: refusals, and what a worker then finds."""

import pytest
from django.contrib.auth import get_user_model

from tests.integration.archive.sky import make_sky, make_survey
from webapp.archive.ingest.create_run import IngestRefused, inbox, inbox_path, start_ingest
from webapp.archive.models import IngestRun, Membership
from webapp.core import dispatch

pytestmark = pytest.mark.django_db


def test_a_run_is_written_and_announced_once_committed(tmp_path, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(dispatch, "_publish", lambda task, args: sent.append((task, args)))
    survey, admin = make_survey(), get_user_model().objects.create_user("ada")
    make_sky(tmp_path / "night", 3)
    with django_capture_on_commit_callbacks(execute=True):
        run = start_ingest(survey=survey, path=tmp_path / "night", by=admin, kind="stamp")
        assert sent == []
    assert sent == [("tasks.ingest.run", (run.pk,))]
    assert (run.state, run.requested_by, run.subject_set, run.kind) == ("queued", admin, "night", "stamp")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"kind": "comet"}, "“comet” is not a kind of subject"),
        ({"subject_set": "x" * 121}, "at most 120 characters"),
        ({"path": "nowhere"}, "is not there"),
    ],
)
def test_what_cannot_be_begun_is_refused_and_leaves_no_row(tmp_path, wanted, sentence):
    with pytest.raises(IngestRefused, match=sentence):
        start_ingest(**{"survey": make_survey(), "path": tmp_path, "by": None} | wanted)
    assert not IngestRun.objects.exists()


def test_the_set_is_named_for_the_folder_or_the_file(tmp_path):
    survey = make_survey()
    make_sky(tmp_path / "night", 1)
    (tmp_path / "night" / "manifest.csv").rename(tmp_path / "night" / "pool.csv")
    for path, name in ((tmp_path / "night", "night"), (tmp_path / "night" / "pool.csv", "pool")):
        assert start_ingest(survey=survey, path=path, by=None).subject_set == name


def test_the_inbox_holds_what_it_holds_and_nothing_else(tmp_path):
    survey = make_survey()
    make_sky(inbox(survey) / "night", 1)
    (tmp_path / "secret.csv").touch()
    (inbox(survey) / "link").symlink_to(tmp_path)
    found = (tmp_path / "inbox" / "atlas" / "night" / "manifest.csv").resolve()
    assert inbox_path(survey, "night/manifest.csv") == found
    for name in ("../../secret.csv", "/etc/passwd", "link/secret.csv", "night/../../../secret.csv"):
        with pytest.raises(IngestRefused, match="lies outside the inbox"):
            inbox_path(survey, name)
    with pytest.raises(IngestRefused, match="is not in the inbox"):
        inbox_path(survey, "other")
    for name in ("", " ", "a\0b"):
        with pytest.raises(IngestRefused, match="Name a file or folder"):
            inbox_path(survey, name)


def test_no_survey_reads_the_inbox_of_another(client):
    ours, theirs = make_survey(), make_survey("ztf")
    make_sky(inbox(theirs) / "their-night", 1)
    (inbox(ours) / "way-in").symlink_to(inbox(theirs))
    admin = get_user_model().objects.create_user("ada")
    Membership.objects.create(user=admin, survey=ours, role="admin")
    client.force_login(admin)
    assert "their-night" not in client.get("/surveys/atlas/ingest/").content.decode()
    for name in ("../ztf/their-night", "way-in/their-night", "their-night", str(inbox(theirs) / "their-night")):
        assert client.post("/surveys/atlas/ingest/start/", {"name": name}).status_code == 400
        asked = {"survey": "atlas", "path": name}
        assert client.post("/api/ingest-runs/", asked, content_type="application/json").status_code == 400
    assert not IngestRun.objects.exists()


def test_a_done_run_leads_to_the_workflow_that_its_set_still_needs(client):
    survey, admin = make_survey(), get_user_model().objects.create_user("ada")
    Membership.objects.create(user=admin, survey=survey, role="admin")
    client.force_login(admin)
    run = IngestRun.objects.create(survey=survey, path="night", subject_set="night", state="done", added=1)
    page = f"/surveys/atlas/ingest/{run.pk}/"

    def note():
        _, found, rest = client.get(page).content.decode().partition("No workflow asks about this subject set yet.")
        return rest.partition("</p>")[0] if found else None

    assert 'href="/surveys/atlas/workflows/new/"' in note()
    workflow = survey.workflows.create(slug="movers", name="Movers", kind="stamp", question="?")
    assert 'href="/surveys/atlas/workflows/"' in note()
    workflow.subject_sets.add(survey.subject_sets.create(name="night"))
    assert note() is None
