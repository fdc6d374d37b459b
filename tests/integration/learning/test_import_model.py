"""A model that was trained elsewhere is imported by its two files, judged like the others, and may become champion."""

import json
import re
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.files import File
from django.core.management import CommandError, call_command
from django.db import transaction

from ml.inference.checkpoint import Checkpoint as Files
from tasks.housekeeping import nightly_retention
from tasks.learning import model_cache, train
from tests.integration.core.test_partial_files import age
from tests.integration.learning import sky
from tests.integration.learning.runs import take_up, trained
from tests.integration.people import browser, member
from webapp.core.jobs import JobState
from webapp.learning.import_model import import_model, imported_folder
from webapp.learning.models import Checkpoint, ScoringRun, TrainingRun
from webapp.learning.retention import delete_left_checkpoints, delete_lost_imports
from webapp.learning.starting_checkpoint import starting_classifier
from webapp.learning.triggers import short_of_labels, start_training

pytestmark = pytest.mark.django_db
REAL = np.arange(60) % 2 == 0


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """The files of a model that another survey has trained; made once."""
    return tmp_path_factory.mktemp("elsewhere") / "model"


@pytest.fixture
def files(taught, settings):
    if not taught.is_dir():
        run = trained(sky.gold_workflow(REAL))
        shutil.copytree(Path(settings.DATA) / run.checkpoint.folder, taught)
    return taught


@pytest.fixture
def workflow():
    """A workflow with subjects to judge by, and none of the files' labels."""
    workflow = sky.workflow(sky.survey("new"))
    sky.make_gold(sky.subjects(workflow.survey, REAL, seed=1), REAL)
    return workflow


def sent(folder, **changed):
    """Return the form's files; `changed` are values of the manifest."""
    said, weights = ((folder / name).read_bytes() for name in ("manifest.json", "weights.safetensors"))
    said = json.dumps(json.loads(said) | changed).encode() if changed else said
    return {
        "manifest": File(BytesIO(said), "manifest.json"),
        "weights": File(BytesIO(weights), "weights.safetensors"),
    }


def post(who, workflow, files):
    return who.post(f"/surveys/{workflow.survey.slug}/learning/import/", {"workflow": workflow.pk, **files})


def imported(workflow, files, name=None):
    assert post(browser(member(workflow.survey, "admin", name)), workflow, files).status_code == 302
    return evaluated(workflow)


def evaluated(workflow):
    run = workflow.training_runs.first()
    train.run(run.pk)
    run.refresh_from_db()
    return run


def test_a_good_model_becomes_champion_and_scores_the_archive(files, workflow):
    run = imported(workflow, sent(files))
    assert run.state == JobState.DONE, run.error
    champion = run.checkpoint
    assert champion.is_champion, run.message
    assert "It was trained elsewhere, perhaps on test subjects." in run.message
    assert champion.evaluations.get().metrics["roc_auc"] > 0.95
    assert ScoringRun.objects.filter(checkpoint=champion).exists()
    assert short_of_labels(champion) is None
    page = browser(member(workflow.survey, "scientist")).get(run.get_absolute_url()).content.decode()
    assert "Imported model" in page
    assert not re.search('id="epochs|data-curves', page)


def test_a_survey_without_gold_can_start_with_it_by_hand(files):
    workflow = sky.workflow(sky.survey("new"))
    sky.queue(workflow, sky.subjects(workflow.survey, REAL, seed=1))
    run = imported(workflow, sent(files))
    assert run.state == JobState.DONE, run.error
    assert not run.checkpoint.is_champion
    admin = browser(member(workflow.survey, "admin", "bee"))
    promote = f"/surveys/new/learning/checkpoints/{run.checkpoint.pk}/promote/"
    admin.post(promote, {"reason": "Trained on the sister survey."})
    run.checkpoint.refresh_from_db()
    assert not run.checkpoint.is_champion, "it was never evaluated, and nobody has confirmed"
    admin.post(promote, {"reason": "Trained on the sister survey.", "confirmed": "on"})
    run.checkpoint.refresh_from_db()
    assert run.checkpoint.is_champion


def test_it_can_be_imported_before_the_first_subject(files):
    run = imported(sky.workflow(sky.survey("new")), sent(files))
    assert run.state == JobState.DONE, run.error
    assert run.checkpoint.manifest["role"] == "stamp"


def test_later_training_goes_on_from_it_only_if_it_brings_a_network(files, workflow):
    champion = imported(workflow, sent(files)).checkpoint
    run = TrainingRun(workflow=workflow, survey=workflow.survey, role="stamp", preset="head")
    assert starting_classifier(run, champion.manifest["feature_key"]) is None
    assert starting_classifier(run, "another") == champion


@pytest.fixture
def another_backbone(files, settings):
    """The site's frozen network is not the one that the files' head was trained on."""
    settings.BACKBONE = "imagenet"
    model_cache.packaged.cache_clear()
    yield
    model_cache.packaged.cache_clear()


def test_its_features_are_those_of_the_sites_network(files, workflow):
    assert imported(workflow, sent(files)).checkpoint.is_frozen_head


def test_its_features_are_its_own_where_the_site_has_another_network(files, workflow, another_backbone):
    assert not imported(workflow, sent(files)).checkpoint.is_frozen_head


def test_what_one_site_offers_for_download_another_can_import(files, workflow):
    model = imported(workflow, sent(files)).checkpoint
    scientist = browser(member(workflow.survey, "scientist"))
    for name in ("manifest.json", "weights.safetensors"):
        answer = scientist.get(f"/surveys/new/learning/checkpoints/{model.pk}/{name}")
        assert b"".join(answer.streaming_content) == (files / name).read_bytes()
    assert scientist.get(f"/surveys/new/learning/checkpoints/{model.pk}/unseen.parquet").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"role": "tracklet"}, "role is “tracklet”, but the workflow needs “stamp”"),
        ({"role": ["stamp"]}, "but the workflow needs “stamp”"),
    ],
)
def test_a_model_for_another_kind_of_subject_is_refused_at_once(files, workflow, changed, said):
    answer = post(browser(member(workflow.survey, "admin")), workflow, sent(files, **changed))
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not workflow.training_runs.exists()


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a": 1}', b"\xff\xfe", b"[" * 100_000, b" " * (2**20 + 1)])
def test_what_is_no_manifest_is_refused_at_once(files, workflow, text):
    bad = sent(files) | {"manifest": File(BytesIO(text), "manifest.json")}
    assert post(browser(member(workflow.survey, "admin")), workflow, bad).status_code == 400
    assert not workflow.training_runs.exists()


@pytest.mark.parametrize("head", [(2**63).to_bytes(8, "little"), (5 * 2**20).to_bytes(8, "little") + bytes(5 * 2**20)])
def test_weights_that_list_too_much_are_refused_at_once(files, workflow, head):
    bad = sent(files) | {"weights": File(BytesIO(head + b"{}"), "weights.safetensors")}
    answer = post(browser(member(workflow.survey, "admin")), workflow, bad)
    assert answer.status_code == 400
    assert "not a model’s weights.safetensors" in answer.content.decode()
    assert not workflow.training_runs.exists()


def test_what_would_fill_the_disk_is_refused(files, workflow, settings):
    settings.MIN_FREE = shutil.disk_usage(settings.DATA).total
    answer = post(browser(member(workflow.survey, "admin")), workflow, sent(files))
    assert (answer.status_code, "too little room" in answer.content.decode()) == (400, True)
    assert not workflow.training_runs.exists()


def resigned(folder, tmp_path, **changed):
    """Return the form's files of a manifest that somebody has changed, checksum included."""
    model = Files.load(folder)
    Files(model.manifest | changed, model.tensors).save(tmp_path / "changed")
    return sent(tmp_path / "changed")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"architecture": "resnet18"}, "can't be used"),
        ({"feature_key": "../../pixels"}, "feature"),
        ({"positive": []}, "which of its classes are real"),
        ({"positive": ["no", "yes"]}, "which of its classes are real"),
        ({"classes": ["a", "b", "c"], "positive": ["a"]}, "layer of scores"),
        ({"classes": 7}, "can't be used"),
        ({"preset": "external"}, "role “stamp”"),
        ({"preprocessing": {"size": "large"}}, "can't be used"),
        ({"preprocessing": {"size_single": 30_000}}, "1 to 1024 pixels"),
        ({"preprocessing": {"tta": 10**9}}, "views"),
        ({"preprocessing": {"channels": 10**9}}, "channels"),
        ({"architecture": "vit_giant_patch14_224"}, "larger than the weights"),
        ({"classes": [str(n) for n in range(1001)], "positive": ["0"]}, "classes"),
        ({"classes": ["a", "a", "b"], "positive": ["b"]}, "classes"),
        ({"init": ["x"]}, "init"),
        ({"threshold": "high"}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"unlabelled": "many"}, "unlabelled"),
        ({"compute": {"threads": "two"}}, "threads"),
        ({"notes": 7}, "notes"),
    ],
)
def test_files_that_are_no_sound_model_end_the_run_with_the_reason(files, workflow, tmp_path, changed, said):
    run = imported(workflow, resigned(files, tmp_path, **changed))
    assert (run.state, Checkpoint.objects.filter(survey=workflow.survey).exists()) == (JobState.FAILED, False)
    assert said in run.error


def test_notes_of_its_training_are_shown_as_text(files, workflow, tmp_path):
    run = imported(workflow, resigned(files, tmp_path, notes=["<b>Trained</b> on a GPU.", {"text": "%(a)s"}, 7]))
    assert run.state == JobState.DONE, run.error
    page = browser(member(workflow.survey, "scientist")).get(run.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Trained&lt;/b&gt; on a GPU." in page


def test_characters_that_no_database_holds_are_replaced(files, workflow, tmp_path):
    run = imported(workflow, resigned(files, tmp_path, init="a\0b\ud800", code_version={"\0": ["\0"]}))
    assert run.state == JobState.DONE, run.error
    assert run.checkpoint.manifest["code_version"] == {"\ufffd": ["\ufffd"]}
    assert browser(member(workflow.survey, "scientist")).get(run.get_absolute_url()).status_code == 200


def test_nothing_is_downloaded_for_a_model_without_its_network(files, workflow, tmp_path):
    model = Files.load(files)
    model.tensors = {name: value for name, value in model.tensors.items() if not name.startswith("backbone.")}
    model.manifest |= {"architecture": "resnet18"}
    model.save(tmp_path / "head")
    run = imported(workflow, sent(tmp_path / "head"))
    assert (run.state, Checkpoint.objects.filter(survey=workflow.survey).exists()) == (JobState.FAILED, False)
    assert "lack the network resnet18" in run.error


def test_damaged_weights_end_the_run_and_their_files_are_deleted(files, workflow, settings):
    run = imported(workflow, sent(files) | {"weights": File(BytesIO(b"\x08" + bytes(99)), "weights.safetensors")})
    assert run.state == JobState.FAILED
    assert run.error.startswith("The file weights.safetensors is incomplete or damaged.")
    delete_left_checkpoints()
    assert not (Path(settings.DATA) / imported_folder(run)).exists()


def test_truncated_weights_are_said_to_be_incomplete(files, workflow):
    weights = (files / "weights.safetensors").read_bytes()[:-7]
    run = imported(workflow, sent(files) | {"weights": File(BytesIO(weights), "weights.safetensors")})
    assert run.error.startswith("The file weights.safetensors is incomplete or damaged.")


@pytest.mark.parametrize(
    ("changed", "says"), [({"seed": 7}, "don't belong together"), ({"format": "x"}, " manifest.json is")]
)
def test_what_is_wrong_with_the_files_names_the_file_and_neither_folder_nor_survey(files, workflow, changed, says):
    run = imported(workflow, sent(files, **changed))
    assert (run.state, says in run.error) == (JobState.FAILED, True), run.error
    assert not re.search(f"{settings.DATA}|{workflow.name}|{imported_folder(run)}", run.error)


def test_an_import_whose_files_are_gone_says_so(files, workflow):
    assert post(browser(member(workflow.survey, "admin")), workflow, sent(files)).status_code == 302
    shutil.rmtree(Path(settings.DATA) / imported_folder(workflow.training_runs.get()))
    assert "no longer has the imported files" in evaluated(workflow).error


@pytest.fixture
def lost(files, workflow):
    """The folder of an import that was killed after its files were in place, and before its run was committed."""
    with transaction.atomic():
        run = import_model(workflow=workflow, by=None, **sent(files))
        transaction.set_rollback(True)
    assert not TrainingRun.objects.filter(pk=run.pk).exists()
    return Path(settings.DATA) / imported_folder(run)


def test_a_killed_import_leaves_nothing_for_ever(files, workflow, lost):
    age(lost)
    delete_lost_imports()
    assert lost.exists(), "its run may still be committed"
    model = imported(workflow, sent(files)).checkpoint
    age(kept := Path(settings.DATA) / model.folder)
    elsewhere = shutil.copytree(lost, lost.with_name("elsewhere-1-0"))
    age(elsewhere)
    nightly_retention()
    assert [path.exists() for path in (lost, kept, elsewhere)] == [False, True, True]


def test_what_an_import_has_just_written_stays(files, workflow, lost):
    imported(workflow, sent(files))
    delete_lost_imports()
    assert lost.exists()


def test_the_same_files_twice_are_one_model(files, workflow):
    first = imported(workflow, sent(files)).checkpoint
    again = imported(workflow, sent(files), "bee")
    assert again.state == JobState.FAILED
    assert f"model {first.pk} of this survey" in again.error


def test_a_killed_worker_leaves_one_model(files, workflow):
    run = imported(workflow, sent(files))
    take_up(run)
    assert run.state == JobState.DONE, run.error
    assert Checkpoint.objects.filter(survey=workflow.survey).count() == 1


def test_only_admins_import_and_one_run_at_a_time(files, workflow):
    for who in (browser(), browser(member(workflow.survey, "scientist", "sue"))):
        assert post(who, workflow, sent(files)).status_code in (302, 403)
    assert not workflow.training_runs.exists()
    start_training(workflow=workflow, by=None)
    page = browser(member(workflow.survey, "admin")).post(
        "/surveys/new/learning/import/", {"workflow": workflow.pk, **sent(files)}, follow=True
    )
    assert "is in progress" in page.content.decode()
    assert workflow.training_runs.count() == 1


def test_the_command_imports_a_folder(files, workflow, capsys, tmp_path):
    call_command("import_model", str(files), workflow=workflow.slug)
    assert "evaluates the model" in capsys.readouterr().out
    run = evaluated(workflow)
    assert run.checkpoint.is_champion
    assert run.started_by == "the command line"
    with pytest.raises(CommandError, match="is not a checkpoint"):
        call_command("import_model", str(tmp_path), workflow=workflow.slug)
