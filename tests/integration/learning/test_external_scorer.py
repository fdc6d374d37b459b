"""A model elsewhere is asked over HTTP, judged like the others, and may become champion."""

import json
import time

import numpy as np
import pytest

from tasks.learning import external_model, score_shard, train
from tests.integration.learning import scorer_server, sky
from tests.integration.learning.scorer_server import SECRET
from tests.integration.people import browser, member
from webapp.archive.models import AuditEntry, Frame
from webapp.core.jobs import JobState
from webapp.core.stored_messages import in_words
from webapp.learning import external_scorers
from webapp.learning.external_scorers import (
    ExternalScorerFailed,
    evaluate_scorer,
    register_scorer,
    revoke_scorer,
)
from webapp.learning.models import Checkpoint, ExternalScorer, Score, ScoringShard, TrainingRun
from webapp.learning.promotion import promote
from webapp.learning.starting_checkpoint import starting_classifier
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

REAL = np.arange(60) % 2 == 0


@pytest.fixture(autouse=True)
def quick(monkeypatch, settings):
    settings.PRIVATE_SCORERS = True
    monkeypatch.setattr(external_scorers, "PAUSE", 0.001)


@pytest.fixture
def server():
    with scorer_server.running() as running:
        yield running


@pytest.fixture
def workflow():
    workflow = sky.workflow(sky.survey())
    rows = sky.subjects(workflow.survey, REAL, metadata={"site": "T08", "#truth": "yes"})
    Frame.objects.create(subject=rows[0], position=0, mjd_mid=60000.25, band="o", exptime=30)
    sky.make_gold(rows, REAL)
    return workflow


def register(workflow, server, **fields):
    asked = {"name": "Elsewhere", "address": server.address, "secret": SECRET, **fields}
    return register_scorer(workflow=workflow, by=None, **asked)


def evaluated(workflow, server, **fields):
    run = register(workflow, server, **fields)
    train.run(run.pk)
    run.refresh_from_db()
    return run


def score_archive():
    for row in ScoringShard.objects.filter(state=JobState.QUEUED):
        score_shard.shard(row.pk)


def test_a_good_scorer_becomes_champion_and_scores_the_archive(workflow, server):
    run = evaluated(workflow, server)
    assert run.state == JobState.DONE, run.error
    champion = run.checkpoint
    assert champion.is_champion, run.message
    assert (champion.is_external, champion.manifest["version"]) == (True, "1.0")
    assert "It was trained elsewhere, perhaps on test subjects." in run.message
    assert champion.evaluations.get().metrics["roc_auc"] > 0.95
    score_archive()
    assert not ScoringShard.objects.exclude(state=JobState.DONE).exists()
    p_real = np.array(Score.objects.filter(checkpoint=champion).order_by("subject").values_list("p_real", flat=True))
    assert np.allclose(p_real, scorer_server.brightness(sky.stamps(REAL)), atol=1e-6)
    page = browser(member(workflow.survey, "scientist")).get("/surveys/sky/learning/").content.decode()
    assert "Elsewhere, version 1.0" in page


def test_requests_are_signed_and_bounded_and_give_no_class_away(workflow, server, monkeypatch):
    monkeypatch.setattr(external_model, "AT_ONCE", 7)
    evaluated(workflow, server)
    score_archive()
    assert server.forged == 0
    assert max(len(each["subjects"]) for each in server.requests) == 7
    for asked in server.requests:
        assert asked["pixels"].shape == (len(asked["subjects"]), 1, 1, 21, 21)
        assert (asked["format"], asked["kind"]) == ("wanderers-score-1", "stamp")
    told = server.requests[0]["subjects"][0]
    assert told["metadata"] == {"site": "T08"}
    assert told["frames"][0]["mjd_mid"] == 60000.25
    assert "yes" not in json.dumps([each["subjects"] for each in server.requests])


@pytest.mark.parametrize(("host", "is_trusted"), [("localhost", True), ("elsewhere.org", False)])
def test_https_needs_a_certificate_of_the_host(workflow, tmp_path, monkeypatch, host, is_trusted):
    made = scorer_server.certificate(tmp_path, host)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with scorer_server.running(made) as server:
        run = evaluated(workflow, server)
    assert (run.state == JobState.DONE) == bool(server.requests) == is_trusted, run.error
    assert is_trusted or "certificate" in run.error


def test_a_wrong_secret_fails_with_a_sentence_on_the_page(workflow, server):
    run = evaluated(workflow, server, secret="something else, but long")
    assert (run.state, server.forged) == (JobState.FAILED, 1)
    page = browser(member(workflow.survey, "scientist")).get(f"/surveys/sky/learning/runs/{run.pk}/").content.decode()
    assert "refused the request&#x27;s signature (HTTP status 401). Check that both have the same secret" in page
    assert "Epochs" not in page, "nothing is trained here"
    assert not Checkpoint.objects.exists()


def changed(**fields):
    return lambda _, answer: (200, json.dumps(answer | fields).encode())


@pytest.mark.parametrize(
    ("misbehave", "says"),
    [
        (changed(p_real=[]), "0 numbers for 1 subjects"),
        (changed(p_real=[0.5, 0.5]), "2 numbers for 1 subjects"),
        (changed(p_real=[1.01]), "not a number from 0 to 1"),
        (changed(p_real=[float("nan")]), "not a number from 0 to 1"),
        (changed(p_real=[True]), "not a number from 0 to 1"),
        (changed(p_real=["0.5"]), "not a number from 0 to 1"),
        (changed(p_real=None), "0 numbers for 1 subjects"),
        (changed(version=""), "“version” must be a text"),
        (changed(version="x" * 61), "“version” must be a text"),
        (lambda *_: (200, b"[1, 2"), "it is not JSON"),
        (lambda *_: (200, b"[" * 100_000), "it is not JSON"),
        (lambda *_: (200, b" " * (2**20 + 1)), "longer than 1048576 bytes"),
        (lambda *_: (302, b""), "a redirect (HTTP status 302), which is not followed"),
        (lambda *_: (500, b""), "HTTP status 500"),
    ],
)
def test_a_bad_answer_is_refused_with_a_sentence(workflow, server, misbehave, says):
    server.misbehave = misbehave
    run = evaluated(workflow, server)
    assert run.state == JobState.FAILED
    assert says in run.error
    assert not Checkpoint.objects.exists()
    assert not Score.objects.exists()


def test_the_first_value_that_is_no_probability_is_named(workflow, server):
    server.misbehave = lambda _, answer: (200, json.dumps(answer | {"p_real": [0.0, 1.0, float("nan"), 2]}).encode())
    scorer = ExternalScorer(workflow=workflow, address=server.address, secret=SECRET)
    with pytest.raises(ExternalScorerFailed, match="The first is at position 2, counted from 0"):
        external_scorers.ask(scorer, "stamp", [{}] * 4, np.zeros((4, 1, 1, 21, 21), dtype=np.float32))


@pytest.mark.parametrize(("read", "longest", "said"), [(0.1, 60.0, "0.1"), (60.0, 0.2, "0.2")])
def test_a_slow_scorer_is_not_said_to_be_out_of_reach(workflow, server, monkeypatch, read, longest, said):
    monkeypatch.setitem(external_scorers.TIMEOUT, "read", read)
    monkeypatch.setattr(external_scorers, "LONGEST", longest)
    server.misbehave = scorer_server.late
    run = evaluated(workflow, server)
    assert run.state == JobState.FAILED
    assert in_words(run.error).startswith(f"The scorer did not answer within {said} seconds.")


def test_a_scorer_that_is_busy_is_asked_again_and_one_that_refuses_is_not(workflow, server):
    server.misbehave = lambda number, answer: (503 if number == 1 else 200, json.dumps(answer).encode())
    assert evaluated(workflow, server).state == JobState.DONE
    server.requests.clear()
    server.misbehave = lambda *_: (400, b"")
    assert evaluated(workflow, server).state == JobState.FAILED
    assert len(server.requests) == 1


def test_a_scorer_that_is_gone_fails_its_shards_and_leaves_the_evaluation_of_others_alone(workflow, server):
    champion = evaluated(workflow, server).checkpoint
    server.misbehave = lambda *_: (503, b"")
    score_archive()
    assert "HTTP status 503" in ScoringShard.objects.get().error
    head = start_training(workflow=workflow, by=None)
    train.run(head.pk)
    head.refresh_from_db()
    assert head.state == JobState.DONE, head.error
    assert head.checkpoint.evaluations.get().champion == champion


def test_a_new_version_is_refused_until_it_is_evaluated(workflow, server):
    first = evaluated(workflow, server).checkpoint
    server.version = "2.0"
    score_archive()
    assert "answers as version 2.0, not 1.0" in ScoringShard.objects.get().error
    run = evaluate_scorer(ExternalScorer.objects.get(), by=None)
    train.run(run.pk)
    run.refresh_from_db()
    assert run.checkpoint.manifest["version"] == "2.0"
    assert run.message.startswith("No better")
    assert Checkpoint.objects.get(is_champion=True) == first
    assert not run.checkpoint.scoring_runs.exists(), "to send it the whole archive is not cheap"


def test_the_champion_s_own_endpoint_is_not_judged_against_itself(workflow, server):
    scientist = browser(member(workflow.survey, "scientist"))
    first = evaluated(workflow, server).checkpoint
    again = evaluated(workflow, server, name="The same")
    assert "champion's own address and version, and ranks the test set as before." in again.message
    page = scientist.get(again.get_absolute_url()).content.decode()
    assert "ranks the test set as before" in page
    assert "Did not pass the gate" not in page
    assert Checkpoint.objects.get(is_champion=True) == first


def test_no_training_starts_from_an_external_champion(workflow, server):
    assert evaluated(workflow, server).checkpoint.is_champion
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="stamp", preset="finetune")
    assert starting_classifier(run, packaged="abc") is None


def test_an_admin_registers_and_evaluates_and_never_sees_the_secret_again(workflow, server):
    admin = browser(member(workflow.survey, "admin"))
    body = {"workflow": workflow.pk, "name": "Elsewhere", "address": server.address, "secret": SECRET}
    assert admin.post("/surveys/sky/learning/scorers/register/", body | {"secret": "short"}).status_code == 400
    assert admin.post("/surveys/sky/learning/scorers/register/", body | {"address": "gopher://x"}).status_code == 400
    assert not ExternalScorer.objects.exists()
    assert admin.post("/surveys/sky/learning/scorers/register/", body).status_code == 302
    train.run(TrainingRun.objects.get().pk)
    page = admin.get("/surveys/sky/learning/scorers/").content.decode()
    assert f"<td>{server.address}</td>" in page
    assert SECRET not in page
    scorer = ExternalScorer.objects.get()
    assert admin.post(f"/surveys/sky/learning/scorers/{scorer.pk}/evaluate/").status_code == 302
    assert admin.post(f"/surveys/sky/learning/scorers/{scorer.pk}/evaluate/").status_code == 302
    assert TrainingRun.objects.count() == 2, "The second finds the first still open."
    late = admin.post("/surveys/sky/learning/scorers/register/", body | {"address": "https://new.org/"})
    assert late.status_code == 400
    assert "is in progress. Wait for it to finish" in late.content.decode()
    assert 'value="https://new.org/"' in late.content.decode(), "what was typed stays"
    assert "external" not in str(admin.get("/surveys/sky/learning/").context["form"].fields["preset"].choices)


def test_a_clock_that_is_wrong_is_refused_and_said_to_be_a_cause(workflow, server, monkeypatch):
    monkeypatch.setattr(scorer_server, "now", lambda: time.time() + 301)
    run = evaluated(workflow, server)
    assert (run.state, server.forged) == (JobState.FAILED, 1)
    assert "its clock and this site's agree" in in_words(run.error)


def test_a_revoked_scorer_is_asked_nothing_until_it_has_a_new_secret(workflow, server):
    champion = evaluated(workflow, server).checkpoint
    admin, asked = browser(member(workflow.survey, "admin")), len(server.requests)
    address = f"/surveys/sky/learning/scorers/{champion.run.scorer_id}"
    page = admin.post(f"{address}/revoke/", follow=True).content.decode()
    assert "The site sends Elsewhere no more subjects." in page
    assert "secret revoked" in page
    assert SECRET not in str([*ExternalScorer.objects.values()])
    assert AuditEntry.objects.get(act="scorer-revoke").user.username == "admin-of-sky"
    score_archive()
    assert "revoked" in ScoringShard.objects.get().error
    assert "An admin revoked" in admin.post(f"{address}/evaluate/", follow=True).content.decode()
    assert len(server.requests) == asked
    assert evaluated(workflow, server).state == JobState.DONE


def test_who_revokes_a_champion_is_told_what_can_score_instead(workflow, server):
    admin = browser(member(workflow.survey, "admin"))
    first = evaluated(workflow, server).checkpoint
    page = admin.get("/surveys/sky/learning/scorers/").content.decode()
    assert f"Its model {first.pk} is champion, and there is no other model to roll back to" in page
    head = sky.checkpoint(workflow)
    promote(checkpoint=head, by=None, reason="Better.")
    assert "is champion" not in admin.get("/surveys/sky/learning/scorers/").content.decode()
    promote(checkpoint=first, by=None, reason="Better.")
    page = admin.get("/surveys/sky/learning/scorers/").content.decode()
    assert f"Its model {first.pk} is champion: roll back to model {head.pk} first" in page


def test_a_scorer_that_is_revoked_while_it_scores_gets_no_further_request(workflow, server, monkeypatch):
    ask = external_model.ask

    def ask_and_revoke(scorer, *about):
        answer = ask(scorer, *about)
        revoke_scorer(scorer)
        return answer

    evaluated(workflow, server)
    asked = len(server.requests)
    monkeypatch.setattr(external_model, "AT_ONCE", 8)
    monkeypatch.setattr(external_model, "ask", ask_and_revoke)
    score_archive()
    assert "revoked" in ScoringShard.objects.get().error
    assert len(server.requests) == asked + 1


def test_a_survey_without_subjects_has_nothing_to_ask_about(server):
    run = evaluated(sky.workflow(sky.survey("empty")), server)
    assert "no subject that the scorer could be asked about" in run.error
    assert not server.requests
