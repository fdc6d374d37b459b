"""Pixels in a bucket: ingested, read back bit for bit, shown in a browser, with features stored there too."""

import io

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from tests.integration.archive.sky import assert_archive_equals, counters, make_sky, make_survey, run_ingest, store
from webapp.archive.ingest.create_run import IngestRefused
from webapp.archive.models import Subject
from webapp.archive.pixels import pixels_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    """One S3 server for all tests of a file: fsspec caches connections, and with them the address."""
    S3FileSystem.clear_instance_cache()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield
    server.stop()


@pytest.fixture
def bucket(server, settings):
    client = boto3.client("s3")
    client.create_bucket(Bucket="sky")
    settings.PIXELS = "s3://sky/pixels"
    return client


def test_a_survey_keeps_its_pixels_and_features_in_a_bucket(tmp_path, bucket, client):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 40)
    run = run_ingest(survey, tmp_path / "night", kind="stamp")
    assert (run.state, counters(run)["added"]) == ("done", 40)
    assert_archive_equals(survey, truth)
    assert bucket.list_objects_v2(Bucket="sky", Prefix="pixels/atlas/")["KeyCount"] > 0
    assert not list(tmp_path.glob("pixels*"))

    subject = Subject.objects.get(external_id="stamp-00007")
    answer = client.get(f"/pixels/{subject.pk}/{subject.checksum}.bin")
    assert answer.status_code == 200
    values = np.arange(80, dtype=np.float16).reshape(40, 1, 2)
    store().write_features("atlas", subject.zarr_array, "0" * 16, 0, values)
    assert np.array_equal(store().features("atlas", subject.zarr_array, "0" * 16, 0, 40), values)
    store().forget_features("atlas", "0" * 16)
    with pytest.raises(FileNotFoundError):
        store().features("atlas", subject.zarr_array, "0" * 16, 0, 40)


def test_images_of_a_bucket_are_fetched_as_a_manifest_names_them(tmp_path, bucket, settings):
    settings.PIXELS, settings.DATA = str(tmp_path / "pixels"), tmp_path / "data"
    settings.REMOTE_ARCHIVES, settings.MAX_UPLOAD = ["s3://sky/tiles"], 20_000
    truth = make_sky(tmp_path / "night", 40)
    (tmp_path / "night/cube-0002.fits").write_bytes(bytes(20_001))
    for path in sorted((tmp_path / "night").glob("*.fits"))[1:]:
        bucket.upload_file(str(path), "sky", f"tiles/{path.name}")
        path.unlink()
    survey = make_survey()
    run = run_ingest(survey, tmp_path / "night", root="s3://sky/tiles")
    assert (run.state, run.added, run.bad) == ("done", 16, 24)
    reasons = {str(problem.reason) for problem in run.problems.all()}
    assert any("20 kB" in reason for reason in reasons)
    assert len(reasons) == 2
    assert Subject.objects.get(external_id="stamp-00016").pk
    assert "stamp-00016" in truth


def put_catalogue(bucket, parts):
    """Write a HATS catalogue of tables by (order, pixel), as LSDB lays it out."""
    for (order, pixel), rows in parts.items():
        out = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), out)
        name = f"dataset/Norder={order}/Dir={pixel // 10_000 * 10_000}/Npix={pixel}.parquet"
        bucket.put_object(Bucket="sky", Key=f"catalogue/{name}", Body=out.getvalue())
    index = "".join(f"{order},{pixel}\n" for order, pixel in parts)
    bucket.put_object(Bucket="sky", Key="catalogue/partition_info.csv", Body=f"Norder,Npix\n{index}".encode())


def test_a_hats_catalogue_in_a_bucket_is_read_partition_by_partition(tmp_path, bucket, settings):
    settings.PIXELS, settings.DATA = str(tmp_path / "pixels"), tmp_path / "data"
    settings.REMOTE_ARCHIVES = ["s3://sky/catalogue", "s3://sky/images"]
    truth = make_sky(tmp_path / "night", 32)
    for path in (tmp_path / "night").glob("*.fits"):
        bucket.upload_file(str(path), "sky", f"images/{path.name}")
    rows = [
        {"external_id": name, "image": f"cube-{at // 16:04d}.fits", "plane": at % 16, "ra": 10.5, "dec": -5.25}
        for at, name in enumerate(truth)
    ]
    put_catalogue(bucket, {(0, 3): rows[:20], (6, 41_234): rows[20:]})
    survey = make_survey()
    run = run_ingest(survey, "s3://sky/catalogue", root="s3://sky/images", kind="stamp")
    assert (run.state, run.added, run.bad, run.subject_set) == ("done", 32, 0, "catalogue")
    subject = Subject.objects.get(external_id="stamp-00017")
    assert (pixels_of(subject)[0, 0] == truth["stamp-00017"]).all()
    assert not list((tmp_path / "data/remote").iterdir())

    bucket.delete_object(Bucket="sky", Key="catalogue/dataset/Norder=6/Dir=40000/Npix=41234.parquet")
    other = make_survey("other")
    run = run_ingest(other, "s3://sky/catalogue", root="s3://sky/images", kind="stamp")
    assert (run.state, run.added) == ("failed", 0)
    assert "cannot be fetched" in run.error
    with pytest.raises(IngestRefused, match="REMOTE_ARCHIVES"):
        run_ingest(other, "s3://elsewhere/catalogue")
