"""Independent second opinions: no page tells the first verdict to a scientist who is to judge without it."""

import csv
import io
import zipfile

import pytest

from tests.integration.people import browser, member
from webapp.classifications.models import Classification
from webapp.exports.own_data import export_own_data
from webapp.review.models import Ruling
from webapp.review.opinions import ask_second_opinion, give_verdict
from webapp.review.verdict_panel import panel_of
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

SURVEY = "/surveys/night"


@pytest.fixture
def people(survey):
    return [member(survey, "scientist", name) for name in ("ann", "bob", "cy")]


@pytest.fixture
def about(workflow, subjects, vote, people):
    """A subject with a vote, on which Ann ruled that it is an asteroid, and wants a second opinion."""
    vote(subjects[0], "yes")
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=people[0], verdict="yes", label="AST", note="three frames")
    ask_second_opinion(**about, by=people[0])
    return about


TOLD = {
    "subjects/{}/": ["<dt>Gold class</dt>", "Confirmed by scientists"],
    "": [" · AST"],
    "consensus/subjects/{}/": ["A scientist ruled yes.", "Gold class: AST.", "<dt>conclusion</dt><dd>Yes"],
    "consensus/night/": ["ruled yes (AST)"],
}


def told(reader, subject):
    """Return what each page tells the reader of the verdict, apart from the folded panel and history."""
    client = browser(reader)
    pages = {path: client.get(f"{SURVEY}/{path.format(subject.pk)}").content.decode() for path in TOLD}
    return [words for path, page in pages.items() for words in TOLD[path] if words.lower() in page.lower()]


def test_no_page_tells_the_first_verdict_before_the_second_is_given(about, people):
    ann, bob, cy = people
    everything = [words for each in TOLD.values() for words in each]
    assert [told(each, about["subject"]) for each in people] == [everything, [], []]
    assert [panel_of(about["workflow"], about["subject"], each).is_blind for each in people] == [False, True, True]
    give_verdict(**about, scientist=bob, verdict="no")
    assert [told(each, about["subject"]) for each in people] == [everything] * 3
    ask_second_opinion(**about, by=bob)
    assert [told(each, about["subject"]) for each in people] == [everything, everything, []], "one more is asked for"
    ask_second_opinion(**about, by=ann, is_wanted=False)
    assert told(cy, about["subject"]) == everything


def test_the_api_tells_no_first_verdict_either(about, people):
    _ann, bob, _cy = people
    subject, ruling = about["subject"].pk, Ruling.objects.get().pk
    own, other = (browser(each) for each in (people[0], bob))
    addresses = (f"/api/subjects/{subject}/", f"/api/rulings/{ruling}/", "/api/rulings/")

    def answers(client):
        one, each, listed = (client.get(address).json() for address in addresses)
        [row] = listed["results"]
        assert {name: row[name] for name in ("verdict", "label", "note", "second_opinions")} == {
            name: each[name] for name in ("verdict", "label", "note", "second_opinions")
        }
        return one["gold_label"], one["gold_source"], each["verdict"], each["label"], each["note"]

    seen = ("AST", "ruling", "yes", "AST", "three frames")
    assert answers(own) == seen
    assert answers(other) == (None,) * 5
    give_verdict(**about, scientist=bob, verdict="yes")
    assert answers(other) == seen


def test_no_search_tells_the_first_verdict_either(about, people):
    """Whoever is to judge without it could else ask for each answer, and see which one finds the subject."""
    searches = ["/api/subjects/?gold_label=AST", "/api/rulings/?verdict=yes"]

    def found(reader):
        client = browser(reader)
        asked = [len(client.get(address).json()["results"]) for address in searches]
        pages = [
            client.get(f"{SURVEY}/?{query}").content.decode() for query in ("label=AST", "gold=real", "gold=settled")
        ]
        asked += [page.count(f"/subjects/{about['subject'].pk}/") for page in pages]
        table = b"".join(client.get(f"{SURVEY}/consensus/night/consensus.csv").streaming_content).decode()
        [row] = csv.DictReader(io.StringIO(table))
        return [*map(bool, asked), row["gold_label"], row["verdict"]]

    ann, bob, _cy = people
    assert found(ann) == [True] * 5 + ["AST", "yes"]
    assert found(bob) == [False] * 5 + ["", ""]
    give_verdict(**about, scientist=bob, verdict="no")
    assert found(bob) == [True] * 5 + ["AST", "yes"]


def test_ones_own_data_tell_no_first_verdict_either(workflow, subjects, vote, people):
    """Bob, who said yes as a volunteer, learns of his discovery once he has judged; Ann's class is not in his rows."""
    ann, bob, _cy = people
    vote(subjects[0], "yes")
    said_yes = Classification.objects.get().volunteer
    said_yes.user = bob
    said_yes.save()
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=ann, verdict="yes", label="AST")
    ask_second_opinion(**about, by=ann)
    other = Workflow.objects.create(survey=workflow.survey, slug="other", name="Other", kind=workflow.kind)
    give_verdict(subject=subjects[0], workflow=other, scientist=bob, verdict="no")

    def told():
        with export_own_data(said_yes) as file, zipfile.ZipFile(file) as archive:
            texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".csv")}
        found = [row["kind"] for row in csv.DictReader(io.StringIO(texts["notifications.csv"]))]
        credits = list(csv.DictReader(io.StringIO(texts["discoveries.csv"])))
        return found.count("confirmed"), len(credits), [name for name, text in texts.items() if "AST" in text]

    assert told() == (0, 0, [])
    give_verdict(**about, scientist=bob, verdict="yes")
    assert told() == (1, 1, [])


def test_a_class_that_came_with_the_subject_is_no_secret(workflow, subjects, people):
    subjects[0].survey.subjects.filter(pk=subjects[0].pk).set_gold("AST", "manifest")
    page = browser(people[1]).get(f"{SURVEY}/subjects/{subjects[0].pk}/").content.decode()
    assert "<dt>Gold class</dt><dd>AST" in page
