"""A scientist judges what the archive's search found: all selected subjects at once, then back to the same search."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import browser, member, others
from webapp.archive.models import Subject
from webapp.review.models import Case, Ruling

pytestmark = pytest.mark.django_db

ARCHIVE = "/surveys/night/"
BULK = "/surveys/night/review/night/bulk/"
SEARCH = "view=table&sort=-mag&text=s"
BACK = {"page": "archive", "back": SEARCH}


def test_a_verdict_on_the_selected_subjects_leads_back_to_the_search_and_can_be_undone_even_after_signing_in_anew(
    subjects, scientist, colleague, client
):
    page = client.get(f"{ARCHIVE}?{SEARCH}").content.decode()
    assert 'action="/surveys/night/review/night/bulk/"' in page
    assert page.count('name="subjects"') == len(subjects)
    chosen = [row.pk for row in subjects[:2]]
    reply = client.post(BULK, {"subjects": chosen, "verdict": "no", "note": "a satellite", **BACK}, follow=True)
    assert reply.redirect_chain == [(f"{ARCHIVE}?{SEARCH}", 302)]
    page = reply.content.decode()
    assert "2 subjects changed." in page
    assert "Undo the last change of 2 subjects" in page
    given = Ruling.objects.filter(withdrawn_at=None).values_list("subject", "verdict", "note")
    assert sorted(given) == [(pk, "no", "a satellite") for pk in chosen]
    client.logout()
    client.force_login(scientist)
    nothing_left = client.get(ARCHIVE, {"gold": "open", "label": "no"}).content.decode()
    assert "Undo the last change of 2 subjects" in nothing_left
    for other in (browser(colleague), client):  # only who made the change undoes it
        assert ("Undo the last change" in other.get("/surveys/night/review/").content.decode()) == (other is client)
        reply = other.post(f"{BULK}undo/", BACK, follow=True)
        assert Ruling.objects.filter(withdrawn_at=None).exists() == (other is not client)
    assert reply.redirect_chain == [(f"{ARCHIVE}?{SEARCH}", 302)]
    assert "Undone for 2 subjects" in reply.content.decode()
    assert "Undo the last change" not in reply.content.decode()


def test_tags_and_holds_too(subjects, scientist, client):
    chosen = [row.pk for row in subjects[1:4]]
    client.post(BULK, {"subjects": chosen, "action": "tag", "text": "satellite", **BACK})
    client.post(BULK, {"subjects": chosen, "action": "hold", **BACK})
    assert sorted(Case.objects.values_list("subject", "tags", "is_on_hold")) == [
        (pk, ["satellite"], True) for pk in chosen
    ]
    page = client.get(ARCHIVE, {"tag": "satellite"})
    assert {row.pk for row in page.context["subjects"]} == set(chosen)


def test_subjects_of_a_kind_that_no_verdict_is_asked_about_cannot_be_selected(workflow, subjects, scientist, client):
    cube = sky.subjects(workflow.survey, [True], kind="tracklet", frames=3, prefix="t")[0]
    page = client.get(ARCHIVE).content.decode()
    assert page.count('name="subjects"') == len(subjects)
    assert f'value="{cube.pk}"' not in page
    assert 'name="subjects"' not in client.get(ARCHIVE, {"kind": "tracklet"}).content.decode()
    tracks = sky.workflow(workflow.survey, slug="tracks", kind="tracklet")
    page = client.get(ARCHIVE, {"kind": "tracklet"}).content.decode()
    assert f'action="/surveys/night/review/{tracks.slug}/bulk/"' in page
    assert f'value="{cube.pk}"' in page


def test_tracklets_alone_are_judged_in_their_workflow_though_another_was_chosen(workflow, subjects, scientist, client):
    """As after linking: the search form always sends the first workflow, which asks about stamps."""
    track = sky.subjects(workflow.survey, [True], kind="tracklet", frames=3, prefix="linked-")[0]
    tracks = sky.workflow(workflow.survey, slug="tracks", kind="tracklet")
    page = client.get(ARCHIVE, {"text": "linked-", "kind": "", "workflow": workflow.slug}).content.decode()
    assert f'action="/surveys/night/review/{tracks.slug}/bulk/"' in page
    assert f'value="{track.pk}"' in page
    assert f"/review/?workflow={tracks.slug}&" in page.replace("&amp;", "&")
    page = client.get(ARCHIVE, {"workflow": workflow.slug}).content.decode()
    assert f'action="/surveys/night/review/{workflow.slug}/bulk/"' in page


def test_who_is_no_scientist_here_selects_nothing_and_changes_nothing(survey, subjects):
    volunteer = browser(member(survey, "volunteer"))
    colleague, *strangers = others(survey)
    assert 'name="subjects"' in colleague.get(ARCHIVE).content.decode()
    for client in (volunteer, *strangers):
        assert 'name="subjects"' not in client.get(f"{ARCHIVE}?view=table").content.decode()
        for change in ({"verdict": "no"}, {"action": "hold"}):
            assert client.post(BULK, {"subjects": subjects[0].pk, **change, **BACK}).status_code in (302, 403)
        assert client.post(f"{BULK}undo/", BACK).status_code in (302, 403)
    assert not Ruling.objects.exists()
    assert not Case.objects.exists()
    assert not Subject.objects.exclude(gold_label="").exists()


def test_the_way_back_leads_nowhere_else(subjects, scientist, client):
    sent = {"subjects": subjects[0].pk, "action": "hold", "page": "//elsewhere.example", "back": "//elsewhere.example"}
    assert client.post(BULK, sent).url == "/surveys/night/review/?//elsewhere.example"
