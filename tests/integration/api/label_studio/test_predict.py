"""What the champion predicts for the tasks and the labelling configuration of a Label Studio project."""

import json

import pytest

from tests.integration.api.label_studio.requests import (
    BOTH,
    CLASSES,
    URL,
    YES_NO,
    ask,
    choices,
    make_champion,
    said,
    score,
    score_real,
    view,
)
from tests.integration.world import make_subject, subjects_of
from webapp.archive.models import Survey
from webapp.exports.formats import EXPORTS
from webapp.exports.label_studio_choices import MOST_CONTROLS
from webapp.learning.models import Checkpoint

pytestmark = pytest.mark.django_db


def test_yes_and_no_are_predicted_with_their_probability(workflow, champion, scientist):
    first, second, _ = subjects_of(workflow)
    answer = ask(scientist, YES_NO, {"external_id": first.external_id}, {"subject_id": second.pk}).json()
    [[yes], [no]] = answer["results"]
    assert said(yes) == [("real", "image", ["Yes"], 0.75)]
    assert said(no) == [("real", "image", ["No"], 0.875)]
    assert (yes["score"], no["score"]) == (0.75, 0.875)
    assert answer["model_version"] == yes["model_version"] == f"stamp model {champion.pk}"
    assert answer["skipped"] == []


@pytest.mark.parametrize(("role", "answer"), [("tracklet", "yes"), ("trail", "no")])
def test_a_model_of_tracklets_or_trails_answers_yes_or_no_and_names_no_class(workflow, scientist, role, answer):
    """Its scores are of bogus and real, whatever classes stamps or pixels have; a tracklet model has a threshold."""
    second = subjects_of(workflow)[1]
    score_real(make_champion(workflow, role, threshold=0.125), second, 0.25)
    [[prediction]] = ask(scientist, BOTH, {"subject_id": second.pk}).json()["results"]
    assert said(prediction) == [("real", "image", [answer], 0.25 if answer == "yes" else 0.75)]
    only_classes = ask(scientist, CLASSES, {"subject_id": second.pk}).json()
    assert (only_classes["results"], len(only_classes["skipped"])) == ([[]], 1)


def test_the_class_is_one_of_the_answers_though_another_is_likelier(workflow, champion, scientist):
    third = subjects_of(workflow)[2]
    score(champion, third, 0.3125, 0.25, 0.4375)
    [[prediction]] = ask(scientist, BOTH, {"subject_id": third.pk}).json()["results"]
    assert said(prediction) == [("real", "image", ["yes"], 0.5625), ("kind", "image", ["AST"], 0.3125)]


def test_fine_classes_are_predicted_alone_or_beside_the_answer(workflow, champion, scientist):
    first, second, _ = subjects_of(workflow)
    data = [{"external_id": subject.external_id} for subject in (first, second)]
    [[comet], [ray]] = ask(scientist, CLASSES, *data).json()["results"]
    assert said(comet) == [("label", "picture", ["COMET"], 0.5)]
    assert said(ray) == [("label", "picture", ["CR"], 0.875)]
    assert comet["score"] == 0.5
    [[both], _] = ask(scientist, BOTH, *data).json()["results"]
    assert said(both) == [("real", "image", ["yes"], 0.75), ("kind", "image", ["COMET"], 0.5)]
    assert both["score"] == 0.75


def test_tasks_without_a_score_get_an_empty_list_and_a_reason(workflow, champion, scientist):
    first, _, third = subjects_of(workflow)
    elsewhere = make_subject(Survey.objects.create(slug="elsewhere", name="Elsewhere"), "theirs")
    score(champion, elsewhere, 0.5, 0.25, 0.25)
    data = [
        {"external_id": third.external_id}, {"subject_id": elsewhere.pk}, {"external_id": "theirs"}, {"image": "a.png"},
        ["nonsense"], {"subject_id": "9" * 40}, {"subject_id": True}, {"subject_id": -1.5}, {"external_id": {"a": 1}},
        {"external_id": first.external_id},
    ]  # fmt: skip
    answer = ask(scientist, YES_NO, *data).json()
    assert [len(each) for each in answer["results"]] == [0] * 9 + [1]
    reasons = {each["task"]: each["reason"] for each in answer["skipped"]}
    assert list(reasons) == list(range(9))
    assert "scored" in reasons[0]
    assert {reasons[1], reasons[2]} == {"The survey has no such subject."}
    assert {"names no subject" in reasons[place] for place in range(3, 9)} == {True}


def test_a_class_that_no_choice_offers_is_left_out(workflow, champion, scientist):
    first, second, _ = subjects_of(workflow)
    partly = view(choices("real", "Yes", "No"), choices("kind", "COMET"), choices("quality", "good", "bad"))
    data = [{"subject_id": first.pk}, {"subject_id": second.pk}]
    [[comet], [ray]] = ask(scientist, partly, *data).json()["results"]
    assert [name for name, *_ in said(comet)] == ["real", "kind"]
    assert [name for name, *_ in said(ray)] == ["real"]


def test_the_external_id_counts_where_both_names_are_given(workflow, champion, scientist):
    first, second, _ = subjects_of(workflow)
    [[prediction]] = ask(scientist, YES_NO, {"external_id": first.external_id, "subject_id": second.pk}).json()[
        "results"
    ]
    assert said(prediction)[0][2] == ["Yes"]


def test_our_own_exports_are_answered(workflow, scientist):
    """The version is that of the exported predictions, so that Label Studio asks for none of them again."""
    champion = make_champion(workflow, "tracklet")
    for subject, p_real in zip(subjects_of(workflow), (0.75, 0.125), strict=False):
        score_real(champion, subject, p_real)
    tasks = json.loads(b"".join(EXPORTS["label-studio.json"].parts(workflow, "https://sky.example")))
    xml = b"".join(EXPORTS["label-studio-configuration.xml"].parts(workflow, "")).decode()
    assert scientist.post(f"{URL}setup", {"project": "3.1", "schema": xml}, format="json").status_code == 200
    answer = ask(scientist, xml, *(task["data"] for task in tasks)).json()
    exported = [task["predictions"] for task in tasks]
    for ours, theirs in zip(answer["results"], exported, strict=True):
        assert [each["model_version"] for each in ours] == [each["model_version"] for each in theirs]
        assert [each["score"] for each in ours] == [each["score"] for each in theirs]
        assert [each["result"][0]["value"] for each in ours] == [each["result"][0]["value"] for each in theirs]


def test_each_kind_is_answered_by_its_own_champion_under_one_version(workflow, champion, scientist):
    tracklet = make_subject(workflow.survey, "tracklet")
    other = make_champion(workflow, "tracklet")
    score_real(other, tracklet, 0.25)
    first = subjects_of(workflow)[0]
    answer = ask(scientist, YES_NO, {"subject_id": tracklet.pk}, {"subject_id": first.pk}).json()
    version = f"stamp model {champion.pk}, tracklet model {other.pk}"
    assert [[each["model_version"] for each in predictions] for predictions in answer["results"]] == [[version]] * 2
    assert [predictions[0]["result"][0]["id"] for predictions in answer["results"]] == [
        f"model-{other.pk}-real", f"model-{champion.pk}-real"
    ]  # fmt: skip
    setup = scientist.post(f"{URL}setup", {"schema": YES_NO}, format="json")
    assert setup.json() == {"model_version": version}
    assert scientist.get(f"{URL}versions").json() == {"versions": [version]}


def test_former_champions_have_no_say(workflow, champion, scientist):
    Checkpoint.objects.update(is_champion=False)
    answer = ask(scientist, YES_NO, {"subject_id": subjects_of(workflow)[0].pk}).json()
    assert (answer["results"], answer["model_version"]) == ([[]], "")


@pytest.mark.parametrize(
    ("configuration", "missing"),
    [
        (view(choices("label", "AST", "CR")), "“label” lacks: COMET."),
        (view(choices("real", "Yes", "Unsure")), "“real” lacks: No."),
        (view(), "Yes and No, or all classes (AST, COMET, CR)."),
        (view(choices("real", "Yes", "No", perRegion="true")), "about whole tasks"),
        (view(choices("real", "Yes", "No", perItem="true")), "about whole tasks"),
        ("<View><Choices", "not readable XML"),
        ('<!DOCTYPE a [<!ENTITY b "b">]><View/>', "DOCTYPE"),
    ],
)
def test_setup_says_what_the_configuration_lacks(workflow, champion, scientist, configuration, missing, caplog):
    refused = scientist.post(f"{URL}setup", {"project": "3.1", "schema": configuration}, format="json")
    assert refused.status_code == 400
    assert missing in refused.json()["schema"][0]
    assert missing in caplog.text  # Label Studio shows only the status
    assert ask(scientist, configuration).json() == {"label_config": refused.json()["schema"]}


def test_a_problem_with_many_choices_stays_short(workflow, scientist):
    configuration = view(*(choices(f"c{place}", "good", "bad") for place in range(500)))
    [problem] = scientist.post(f"{URL}setup", {"schema": configuration}, format="json").json()["schema"]
    assert problem.count("lacks") == 5


def test_thousands_of_choices_do_not_fill_the_memory_with_predictions(workflow, champion, scientist):
    many = view(*(choices(f"c{place}", "Yes", "No") for place in range(MOST_CONTROLS + 1)))
    refused = ask(scientist, many, {"subject_id": subjects_of(workflow)[0].pk})
    assert refused.status_code == 400
    assert "more than 50 Choices" in refused.json()["label_config"][0]


def test_an_alias_is_what_results_contain(workflow, champion, scientist):
    pair = '<Choice value="Ja" alias="yes"/><Choice value="Nein" alias="no"/>'
    german = f'<View><choices name="echt" toName="image,other">{pair}</choices></View>'
    [[prediction]] = ask(scientist, german, {"subject_id": subjects_of(workflow)[0].pk}).json()["results"]
    assert said(prediction) == [("echt", "image", ["yes"], 0.75)]


def test_a_survey_without_classes_needs_yes_and_no(workflow, scientist):
    Survey.objects.update(classes=[], positive=[])
    refused = scientist.post(f"{URL}setup", {"schema": CLASSES}, format="json")
    assert refused.json()["schema"][0].endswith("offer Yes and No. “label” lacks: Yes, No.")
    assert scientist.post(f"{URL}setup", {"schema": YES_NO}, format="json").json() == {"model_version": ""}
    assert scientist.get(f"{URL}versions").json() == {"versions": []}


def test_a_thousand_tasks_take_a_few_queries(workflow, champion, scientist, django_assert_max_num_queries):
    data = [{"external_id": subjects_of(workflow)[0].external_id}] * 1000
    with django_assert_max_num_queries(10):
        answer = ask(scientist, YES_NO, *data)
    assert len(answer.json()["results"]) == 1000
