"""Ingesting again, concurrently, or under another name duplicates nothing."""

import threading

import pytest
from django.db import connection

from tasks.jobs import run_ingest as task
from tests.integration.archive.sky import (
    assert_archive_equals,
    counters,
    kept,
    make_sky,
    make_survey,
    row,
    run_ingest,
    work_on,
    write_cube,
    write_manifest,
)
from tests.unit.io.packets import write, ztf
from webapp.archive.ingest.create_run import new_run
from webapp.archive.models import IngestRun, Subject, SubjectSet
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow


@pytest.mark.django_db
def test_the_second_time_nothing_is_new_and_no_image_is_opened(tmp_path):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 40)
    run_ingest(survey, tmp_path / "night")
    for cube in (tmp_path / "night").glob("*.fits"):
        cube.unlink()
    again = run_ingest(survey, tmp_path / "night")
    assert again.state == "done"
    assert counters(again) == {"done": 40, "added": 0, "known": 40, "duplicates": 0, "bad": 0}
    assert_archive_equals(survey, truth)


@pytest.mark.django_db
@pytest.mark.parametrize("rows_in_a_batch", [2, 1024])
def test_known_subjects_join_another_set_and_the_queues_that_draw_from_it(tmp_path, monkeypatch, rows_in_a_batch):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", rows_in_a_batch)
    survey = make_survey()
    make_sky(tmp_path / "night", 5)
    run_ingest(survey, tmp_path / "night")
    workflow = Workflow.objects.create(survey=survey, slug="again", name="Again", kind="stamp", question="Real?")
    second = SubjectSet.objects.create(survey=survey, name="second")
    second.subjects.add(Subject.objects.get(external_id="stamp-00003"))
    workflow.subject_sets.add(second)
    make_sky(tmp_path / "night", 7)

    dry = run_ingest(survey, tmp_path / "night", subject_set="second", dry_run=True)
    assert second.subjects.count() == 1
    run = run_ingest(survey, tmp_path / "night", subject_set="second")
    assert (run.added, run.known, run.joined) == (dry.added, dry.known, dry.joined) == (2, 5, 4)
    assert second.subjects.count() == QueueEntry.objects.filter(workflow=workflow).count() == 7
    assert SubjectSet.objects.get(name="night").subjects.count() == 5
    assert run_ingest(survey, tmp_path / "night", subject_set="second").joined == 0


@pytest.mark.django_db
def test_a_longer_manifest_adds_what_is_new_and_leaves_the_rest_as_it_is(tmp_path):
    survey = make_survey()
    write_cube(tmp_path / "a.fits")
    write_manifest(tmp_path, [row("one", image="a.fits", plane=0, label="", gold="")])
    run_ingest(survey, tmp_path)
    later = [row("one", image="a.fits", plane=0, label="yes", gold=1, ra=99), row("two", image="a.fits", plane=1)]
    write_manifest(tmp_path, later)
    assert counters(run_ingest(survey, tmp_path)) == {"done": 2, "added": 1, "known": 1, "duplicates": 0, "bad": 0}
    one = Subject.objects.get(external_id="one")
    assert (one.gold_label, one.ra) == ("", 10.5)


@pytest.mark.django_db
def test_one_external_id_twice_in_a_manifest_is_one_subject(tmp_path, monkeypatch):
    survey = make_survey()
    pixels = write_cube(tmp_path / "a.fits")
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 2)
    write_manifest(tmp_path, [row("same", image="a.fits", plane=plane) for plane in range(10)])
    run = run_ingest(survey, tmp_path)
    assert counters(run) == {"done": 10, "added": 1, "known": 0, "duplicates": 0, "bad": 9}
    assert "has the name same, as another image has" in str(run.problems.first().message)
    assert_archive_equals(survey, {"same": pixels[0]})


@pytest.mark.django_db
def test_a_repeated_name_is_known_with_the_same_pixels_and_bad_with_others(tmp_path):
    survey = make_survey()
    write_cube(tmp_path / "a.fits")
    write_manifest(tmp_path, [row("same", image="a.fits", plane=plane) for plane in (3, 3, 4)])
    dry, run = run_ingest(survey, tmp_path, dry_run=True), run_ingest(survey, tmp_path)
    assert counters(run) == counters(dry) == {"done": 3, "added": 1, "known": 1, "duplicates": 0, "bad": 1}
    assert [problem.row for problem in run.problems.all()] == [problem.row for problem in dry.problems.all()] == [4]


@pytest.mark.django_db
@pytest.mark.parametrize("rows_in_a_batch", [2, 1024])
def test_the_same_pixels_under_other_names_are_duplicates_of_the_first(tmp_path, monkeypatch, rows_in_a_batch):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", rows_in_a_batch)
    survey = make_survey()
    pixels = write_cube(tmp_path / "a.fits")
    planes = {"first": 0, "other": 1, "copy": 0, "another-copy": 0}
    write_manifest(tmp_path, [row(name, image="a.fits", plane=plane) for name, plane in planes.items()])
    dry = run_ingest(survey, tmp_path, dry_run=True)
    run = run_ingest(survey, tmp_path)
    assert counters(run) == counters(dry) == {"done": 4, "added": 4, "known": 0, "duplicates": 2, "bad": 0}
    assert_archive_equals(survey, {name: pixels[plane] for name, plane in planes.items()})
    first = Subject.objects.get(external_id="first")
    assert sorted(first.duplicates.values_list("external_id", flat=True)) == ["another-copy", "copy"]
    assert Subject.objects.originals().count() == 2
    write_manifest(tmp_path, [row("much-later", image="a.fits", plane=0)])
    assert run_ingest(survey, tmp_path).duplicates == 1
    assert Subject.objects.get(external_id="much-later").duplicate_of == first


@pytest.mark.django_db
def test_surveys_do_not_share_ids_or_duplicates(tmp_path):
    truth = make_sky(tmp_path / "night", 5)
    for slug in ("atlas", "ztf"):
        survey = make_survey(slug)
        assert counters(run_ingest(survey, tmp_path / "night"))["added"] == 5
        assert_archive_equals(survey, truth)
    assert not Subject.objects.exclude(duplicate_of=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_that_comes_twice_is_worked_on_once(tmp_path):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 20)
    run = new_run(survey=survey, path=tmp_path / "night", by=None)
    task(run.pk)
    task(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.added) == ("done", 1, 20)
    assert_archive_equals(survey, truth)


@pytest.mark.django_db(transaction=True)
def test_two_ingests_into_one_survey_at_once_take_turns(tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 16)
    survey = make_survey()
    truth = make_sky(tmp_path / "one", 120)
    more = {f"b-{plane}": pixels for plane, pixels in enumerate(write_cube(tmp_path / "two" / "b.fits", 64, seed=9))}
    write_manifest(tmp_path / "two", [row(name, image="b.fits", plane=plane) for plane, name in enumerate(more)])
    runs = [new_run(survey=survey, path=tmp_path / name, by=None) for name in ("one", "two", "one")]
    threads = [threading.Thread(target=in_a_thread, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = [IngestRun.objects.get(pk=run.pk) for run in runs]
    assert [run.state for run in ended] == ["done"] * 3
    assert ended[0].added + ended[2].added == ended[0].known + ended[2].known == 120
    assert ended[1].added == 64
    assert_archive_equals(survey, truth | more)


def in_a_thread(run):
    try:
        work_on(run)
    finally:
        connection.close()


@pytest.mark.django_db
def test_new_subjects_join_the_queues_that_draw_from_their_set(tmp_path):
    survey = make_survey()
    drawing, idle = (
        Workflow.objects.create(survey=survey, slug=slug, name=slug, kind="stamp", question="Real?")
        for slug in ("drawing", "idle")
    )
    drawing.subject_sets.add(SubjectSet.objects.create(survey=survey, name="night"))
    make_sky(tmp_path / "night", 12)
    run_ingest(survey, tmp_path / "night")
    assert QueueEntry.objects.filter(workflow=drawing).count() == 12
    assert not QueueEntry.objects.filter(workflow=idle).exists()


@pytest.mark.django_db
def test_a_dry_run_counts_and_keeps_nothing(tmp_path):
    survey = make_survey()
    make_sky(tmp_path / "night", 30)
    (tmp_path / "night" / "cube-0001.fits").write_bytes(b"not FITS")
    run = run_ingest(survey, tmp_path / "night", dry_run=True)
    assert run.state == "done"
    assert counters(run) == {"done": 30, "added": 16, "known": 0, "duplicates": 0, "bad": 14}
    assert run.problems.count() == 14
    assert not Subject.objects.exists()
    assert not SubjectSet.objects.exists()
    assert kept(survey) == {}
    assert not (tmp_path / "pixels").exists()


@pytest.mark.django_db
def test_a_synthetic_subject_gives_its_name_to_an_observed_one(tmp_path):
    survey = make_survey()
    make_sky(tmp_path / "night", 4)
    run_ingest(survey, tmp_path / "night")
    synthetic = Subject.objects.order_by("pk").last()
    Subject.objects.filter(pk=synthetic.pk).update(
        external_id="field-0003", is_synthetic=True, metadata={"candid": "field-0003", "seeing": 1.2}
    )
    write_cube(tmp_path / "later" / "b.fits", seed=5)
    write_manifest(tmp_path / "later", [row(f"field-{n:04d}", image="b.fits", plane=n) for n in range(16)])
    assert run_ingest(survey, tmp_path / "later").added == 16
    synthetic.refresh_from_db()
    assert synthetic.external_id == synthetic.metadata["candid"] != "field-0003"
    assert synthetic.external_id.startswith("field-")
    assert not Subject.objects.get(survey=survey, external_id="field-0003").is_synthetic
    assert run_ingest(survey, tmp_path / "later").known == 16


@pytest.mark.django_db
def test_a_file_of_packets_has_as_many_as_were_read(tmp_path):
    packets = [ztf() | {"candid": number} for number in (1, 2)]
    file = write(tmp_path / "night.avro", *packets)
    for slug, path in (("file", file), ("folder", tmp_path)):
        run = run_ingest(make_survey(slug), path)
        assert (run.done, run.total, run.fraction) == (2, 2, 1.0)
