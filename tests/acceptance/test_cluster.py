"""The loop turns on a cluster: PostgreSQL behind PgBouncer in transaction mode, Redis, and pixels on an S3 server."""

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import cycle

import httpx
import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from tests.acceptance.brokers import redis
from tests.acceptance.cluster import PATIENCE, Cluster, bucket, client, pgbouncer
from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.accounts.tokens import make_token
from webapp.archive.models import SubjectSet
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.console.processes import end
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, FirstBatch, Score, ScoringRun, ScoringShard, TrainingRun
from webapp.operations.job_overview import job_models
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

GOLD, OPEN, ARRIVING = 120, 24, 200
QUICK = {"SWEEP_SECONDS": "1", "RETRAIN_CHECK_SECONDS": "1", "JOB_LEASE_SECONDS": "6", "WANDERERS_THREADS": "1"}
POOLED = {"DATABASE_CONNECTION_SECONDS": "0", "PREPARE_STATEMENTS": "0"}


@pytest.fixture
def cluster(tmp_path):
    with ExitStack() as stack:
        pool, redis_url = stack.enter_context(pgbouncer(tmp_path)), stack.enter_context(redis(tmp_path))
        settings = {"DATABASE_URL": pool, "CELERY_BROKER_URL": redis_url, "CACHE_URL": f"{redis_url[:-1]}1"}
        settings |= stack.enter_context(bucket(tmp_path))
        made = Cluster(tmp_path, settings | POOLED | QUICK, stack)
        stack.callback(lambda: end([*made.nodes.values()]))
        made.start_all()
        yield made


class Person:
    """Somebody with an account, who asks the nodes in turn."""

    def __init__(self, cluster, user):
        headers = {"Authorization": f"Token {make_token(user)}"}
        urls = [f"http://127.0.0.1:{port}/api/" for port in cluster.ports]
        clients = [httpx.Client(base_url=url, headers=headers, timeout=60) for url in urls]
        for each in clients:
            cluster.stack.callback(each.close)
        self.nodes = cycle(clients)

    def get(self, path):
        return self._checked(next(self.nodes).get(path))

    def post(self, path, /, **body):
        return self._checked(next(self.nodes).post(path, json=body))

    def _checked(self, response):
        assert response.is_success, response.text
        return response.json()

    def classify(self, workflow, truth, deadline):
        """Answer every open subject, each twice, the second time to the other node; return the answers' numbers."""
        acknowledged = []
        while len(acknowledged) < OPEN and time.monotonic() < deadline:
            items = self.get(f"workflows/{workflow.slug}/next/?n=1")["items"]
            if not items:  # others are at the last ones at this moment
                time.sleep(0.1)
                continue
            subject, lease = items[0]["subject"]["id"], items[0]["lease"]
            answer = {"id": str(uuid.uuid4()), "workflow": workflow.slug, "subject": subject, "lease": lease}
            answer |= {"answer": "yes" if truth[subject] else "no"}
            self.post("classifications/", **answer)
            self.post("classifications/", **answer)
            acknowledged.append(answer["id"])
        return acknowledged


def volunteers(cluster, n):
    users = [get_user_model().objects.create(username=f"person{place}") for place in range(n)]
    Volunteer.objects.bulk_create(Volunteer(user=user, is_simulated=True) for user in users)
    return [Person(cluster, user) for user in users]


def night(cluster, survey, name, first, real, gold):
    """Put a night's stamps on the shared disk: `gold` of them of known class."""
    folder = cluster.folder / "shared" / "inbox" / survey.slug / name
    folder.mkdir(parents=True)
    rows = ["external_id,kind,image,label,gold"]
    for place, block in enumerate(sky.stamps(real, seed=first)):
        np.save(folder / f"{place}.npy", block[0, 0])
        known = f"{'yes' if real[place] else 'no'},1" if place < gold else ","
        rows.append(f"s{first + place},stamp,{place}.npy,{known}")
    (folder / "manifest.csv").write_text("\n".join(rows))


def truth_of(survey):
    return {pk: int(name[1:]) % 2 == 0 for pk, name in survey.subjects.values_list("pk", "external_id")}


def assert_each_counted_once(acknowledged):
    assert {str(pk) for pk in Classification.objects.values_list("pk", flat=True)} == set(acknowledged)
    votes = Classification.objects.counted().values_list("subject", "answer")
    counted = {
        (row.subject_id, answer): n for row in Consensus.objects.all() for answer, n in row.votes_by_answer.items()
    }
    assert Counter(votes) == Counter({key: n for key, n in counted.items() if n})


def test_the_loop_turns_on_a_cluster_and_a_killed_scorer_loses_nothing(cluster):
    survey = sky.survey()
    rules = {"method": "majority", "undo_seconds": 1, "training_schedule": [[0, 0.0]]}
    workflow = sky.workflow(survey, **rules)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name="all"))
    admin = Person(cluster, member(survey, "admin"))
    real = np.arange(GOLD + OPEN) % 2 == 0
    night(cluster, survey, "first", 0, real, GOLD)
    night(cluster, survey, "second", GOLD + OPEN, np.arange(ARRIVING) % 2 == 0, 0)

    admin.post("ingest-runs/", survey=survey.slug, path="first", subject_set="all")
    cluster.wait_until(lambda: workflow.queue.count() == GOLD + OPEN, "The first night")
    truth = truth_of(survey)
    with ThreadPoolExecutor(3) as threads:
        deadline = time.monotonic() + PATIENCE
        found = threads.map(lambda person: person.classify(workflow, truth, deadline), volunteers(cluster, 3))
        acknowledged = [one for each in found for one in each]
    assert len(acknowledged) == 3 * OPEN
    retired = Consensus.objects.filter(workflow=workflow, is_retired=True)
    cluster.wait_until(lambda: retired.count() == OPEN, "Consensus")

    admin.post("training-runs/", workflow=workflow.slug)
    cluster.wait_until(lambda: ScoringRun.objects.filter(state=JobState.DONE).exists(), "The first round")
    run, champion = TrainingRun.objects.get(), Checkpoint.objects.get(is_champion=True)
    assert FirstBatch.objects.get().state == JobState.DONE, "Typical subjects were chosen before there was a model."
    assert run.training_set.sources["consensus"] == OPEN
    assert Score.objects.filter(checkpoint=champion).count() == GOLD + OPEN

    scored = ScoringShard.objects.exclude(pk__in=list(ScoringShard.objects.values_list("pk", flat=True)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {Score._meta.db_table} IN SHARE MODE")  # so that it has no end before the kill
        admin.post("ingest-runs/", survey=survey.slug, path="second", subject_set="all")
        cluster.wait_until(lambda: scored.filter(state=JobState.RUNNING).exists(), "Scoring of the second night")
        cluster.kill("scoring")
    assert scored.get().state == JobState.RUNNING, "The worker was killed in the middle of its work."
    cluster.start_worker("scoring", "-Q", "scoring,explain")
    cluster.wait_until(lambda: scored.get().state == JobState.DONE, "The second round")
    cluster.wait_until(lambda: ScoringRun.objects.get().state == JobState.DONE, "The end of the day's scoring")
    assert scored.get().attempts == 2
    assert Score.objects.filter(checkpoint=champion).count() == GOLD + OPEN + ARRIVING
    assert not workflow.queue.exclude(subject__in=truth).filter(reason="new").exists(), (
        "Each has a priority of the model."
    )

    assert_each_counted_once(acknowledged)
    jobs = {model.__name__: model._default_manager.open().count() for model in job_models().values()}
    assert not any(jobs.values()), jobs
    with closing(client(cluster.settings)) as s3:
        assert s3.list_objects_v2(Bucket="sky", Prefix="pixels/")["KeyCount"] > 0
    assert not list(cluster.folder.glob("*/pixels"))
