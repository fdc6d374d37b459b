"""A survey with content on every page, and jobs of each kind in each state."""

from datetime import timedelta

import numpy as np
from django.contrib.auth import get_user_model
from django.utils import timezone

from ml.io.message import Message
from tests.integration.learning import sky
from tests.integration.world import recount
from webapp.archive.models import Frame, IngestProblem, IngestRun, Membership
from webapp.archive.models.ingest_run import NOTHING_READ
from webapp.classifications.models import Classification, Mark
from webapp.community.models import Board
from webapp.community.talk import edit, post_comment
from webapp.community.threads import open_thread
from webapp.consensus.batch_aggregation import DAWID_SKENE, TURNED
from webapp.consensus.models import AggregatedPosterior, Aggregation, ConsensusRecompute
from webapp.consensus.recompute import RECOUNTED
from webapp.imports.foreign_record import NOT_BROUGHT_IN_FURTHER, NOT_UTF8
from webapp.imports.models import ClassificationImport
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue
from webapp.learning import label_snapshot, test_sets, training_sets
from webapp.learning.messages import LEARNING
from webapp.learning.model_roles import classes_of
from webapp.learning.models import Evaluation, Promotion, Score, TestSet, TrainingEpoch, TrainingRun, TrainingSet
from webapp.learning.promotion import Result, gate_decision
from webapp.linking.build_tracklets import BUILT, DIFFERENT
from webapp.linking.find_links import PROPOSED
from webapp.linking.models import LinkRun, Links, Proposal, TrackletBuild
from webapp.quality.models import QualityFlag, QualityScan
from webapp.quality.quality_scan import FLAGGED
from webapp.reports.drafts import draft_report
from webapp.reports.models import ReportSettings
from webapp.review.rulings import rule
from webapp.streams.messages import NO_BROKER
from webapp.streams.models import DeadLetter, Stream
from webapp.synthetics.inject_movers import DRAWN
from webapp.synthetics.models import Injection
from webapp.volunteers.models import Volunteer

NOW = "2026-05-01T12:00Z"


def something_on_each_page():
    """Return the survey; its name and its workflow's are "night"."""
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"], is_simulated=True)
    workflow = sky.workflow(survey, follow_ups={"no": ["CR"], "yes": ["AST"]}, help_text="Look for what moves.")
    real = np.arange(30) % 2 == 0
    rows = sky.subjects(survey, real)
    sky.make_gold(rows[:10], real[:10])
    sky.queue(workflow, rows)
    model = sky.checkpoint(workflow, is_champion=True)
    _train(model)
    for person in Volunteer.objects.bulk_create(Volunteer() for _ in range(3)):
        _vote(workflow, person, rows[10:])
    recount(workflow)
    lines = (Mark(classification=each, position=0, x1=2, y1=2, x2=9, y2=7) for each in Classification.objects.all())
    Mark.objects.bulk_create(lines)
    scores = [Score(checkpoint=model, subject=row, probabilities=[0.2], p_real=0.2, entropy=0.5) for row in rows]
    Score.objects.bulk_create(scores)
    _work(survey, workflow)
    _reanalyse(workflow, rows)
    _flag_volunteers(workflow)
    _bring_in(workflow)
    _listen(survey)
    _brighten(rows[0])
    rita = get_user_model().objects.create_user("rita")
    _talk(survey, rows[20], rita)
    rule(subject=rows[11], workflow=workflow, scientist=rita, verdict="no", label="CR")
    _report(survey, rita)
    _link(survey, rows[:4], rita)
    return survey


def _link(survey, members, by):
    """Propose a link, and confirm another."""
    said = PROPOSED[Links.DETECTIONS](links=2, all=30)
    run = LinkRun.objects.create(survey=survey, first_mjd=60000.0, last_mjd=60001.0, state="done", message=said)
    place = {"run": run, "mjd": 60000.4, "ra": 10.0, "dec": 20.0, "rate": 30.0, "position_angle": 90.0, "misfit": 0.5}
    decided = {"decision": "confirmed", "decided_by": by, "decided_at": NOW}
    Proposal.objects.create(**place).members.set(members)
    Proposal.objects.create(**place, **decided, problem=DIFFERENT()).members.set(members)
    TrackletBuild.objects.create(survey=survey, state="done", message=BUILT(count=0, set="linked"))


def _report(survey, by):
    """Draft a report of one tracklet, with a position too few, and leave another as a candidate."""
    given = {"submitter": "R. Scientist", "measurers": ["R. Scientist"], "design": "Reflector", "aperture": 0.5}
    ReportSettings.objects.create(survey=survey, catalogue="Gaia2", **given)
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=60000.0)
    spots = {"mjd": 60000.4, "ra": 10.0, "dec": 20.0, "rate": 30.0}
    rows = sky.subjects(survey, [True] * 2, kind="tracklet", frames=4, prefix="t", **spots)
    for row in rows:
        row.gold_label, row.gold_source = "AST", "ruling"
        row.save()
        IdentityCheck.objects.create(
            subject=row, catalogue=catalogue, detections=1, candidates=0, unmatched=1, orbit_days=0.4
        )
        Frame.objects.create(subject=row, position=0, mjd_mid=60000.4, ra=10.0, dec=20.0, mag=19.1, band="o")
    draft_report(survey=survey, by=by, subjects=[rows[0].pk])


def _talk(survey, row, user):
    """Start a thread with an edited comment, and tag a subject."""
    board = Board.objects.create(survey=survey, name="Help", description="Ask what you don't understand.")
    first = open_thread(user=user, board=board, title="What is a burn?", text="I see **stripes**, @rita.")
    edit(user=user, comment=first, text="> I see *stripes*.\n\nSo do I, @rita.")
    sue = get_user_model().objects.create_user("sue")
    Membership.objects.create(survey=survey, user=sue, role="scientist")
    post_comment(user=sue, subject=row, text="A #comet")


def _listen(survey):
    stream = Stream.objects.create(
        survey=survey,
        topic="ztf_20260501_programid1",
        brokers="localhost:9092",
        group="wanderers-night",
        subject_set="live",
        condition="snr > 5 and not ssdistnr < 5",
        messages_read=12_345,
        stored=2_345,
        filtered=10_000,
        refused=1,
        lag=321,
        rate=51.5,
        heard_at=timezone.now() + timedelta(hours=1),  # it listens, however long a test reads pages
        trouble=NO_BROKER,
    )
    DeadLetter.objects.create(
        stream=stream, partition=3, offset=9, reason=Message("has no cutouts. Ask for packets with their cutouts.")
    )


def _brighten(row):
    """Give a subject a light curve, and the survey's hint."""
    bands, days = ("g", "r", "i"), range(24)
    row.light_curve = [
        [60000.0 + day, bands[day % 3], 20.5 - day / 12, None if day < 8 else 0.02 * (30 - day)] for day in days
    ]
    row.metadata |= {"!known object": "433 Eros, 2.2″"}
    row.save()


def _train(model):
    run = model.run
    sentence = gate_decision(Result(labels=30, auc=0.9, auc_low=0.8), has_champion=False).sentence
    for epoch in (1, 2):
        figures = {"epochs": 2, "loss": 1 / epoch, "val_loss": 1.1 / epoch, "metrics": {"roc_auc": 0.9}}
        TrainingEpoch.objects.create(run=run, attempt=1, epoch=epoch, **figures)
    sources = {"gold": 20, "ruling": 4, "consensus": 6}
    label_snapshot.write_snapshot(training_sets.FOLDER, "0" * 64, [], classes_of(run.survey))
    run.training_set = TrainingSet.objects.create(workflow=run.workflow, hash="0" * 64, size=30, sources=sources)
    run.message, run.attempts = sentence, 1
    run.save()
    label_snapshot.write_snapshot(test_sets.FOLDER, "1" * 64, [], classes_of(run.survey))
    tested = TestSet.objects.create(survey=run.survey, kind="stamp", hash="1" * 64, size=12, nights=[60000])
    metrics = {"n": 12, "roc_auc": 0.9, "accuracy": 0.8, "intervals": {"roc_auc": [0.8, 0.95]}}
    metrics |= {"classes": ["no", "yes"], "confusion": [[5, 1], [1, 5]]}
    Evaluation.objects.create(checkpoint=model, test_set=tested, metrics=metrics, passed=True, verdict=sentence)
    Promotion.objects.create(checkpoint=model, reason=sentence)


def _vote(workflow, person, rows):
    for row in rows:
        Classification.objects.create(
            id=f"{person.pk:08d}-0000-4000-8000-{row.pk:012d}", volunteer=person, workflow=workflow, subject=row,
            answer="yes", is_counted=True,
        )  # fmt: skip


def _work(survey, workflow):
    of = {"survey": survey, "workflow": workflow, "role": "stamp"}
    for state in ("queued", "running", "failed", "cancelled"):
        error = "It was a rainy night." if state == "failed" else ""
        said = {"message": LEARNING(count=30)} if state == "running" else {}
        TrainingRun.objects.create(**of, state=state, error=error, done=1, total=4, **said)
    read = {"survey": survey, "path": "night.csv", "subject_set": "all", "kind": "stamp"}
    IngestRun.objects.create(**read, state="done", done=30, total=30, added=30)
    IngestRun.objects.create(**read, state="running", done=3, total=30)
    failed = IngestRun.objects.create(**read, state="failed", bad=1, done=1, dry_run=True)
    reason = Message("is not there. Check the path.")
    problem = IngestProblem.objects.create(run=failed, file="night.csv", row=2, reason=reason)
    IngestRun.objects.filter(pk=failed.pk).update(error=NOTHING_READ(problem=problem.message))
    over = {"workflow": workflow, "state": "done", "finished_at": NOW}
    ConsensusRecompute.objects.create(**over, message=RECOUNTED(settled=2, reopened=0))
    Injection.objects.create(**over, number=5, done=5, label="AST", seed=1, message=DRAWN(count=5))


def _reanalyse(workflow, rows):
    figures = {"votes": 60, "subjects": 20, "voters": 3, "iterations": 7, "log_likelihood": -31.5, "share_yes": 0.5}
    said = {"state": "done", "finished_at": NOW, "disagreements": 1, "message": TURNED(count=1, all=20)}
    over = Aggregation.objects.create(workflow=workflow, version=1, **figures, **said)
    AggregatedPosterior.objects.create(aggregation=over, subject=rows[12], posterior=0.1, live=0.9)
    Aggregation.objects.create(workflow=workflow, state="running", message=DAWID_SKENE(count=60))


def _flag_volunteers(workflow):
    """Create an open flag of each kind, and one in each other state."""
    QualityScan.objects.create(workflow=workflow, state="done", finished_at=NOW, done=3, message=FLAGGED(new=4, over=1))
    person, original, third = Volunteer.objects.all()[:3]
    evidence = {
        "speed": {"n": 212, "median": 0.12, "limit": 0.5},
        "constant": {"n": 212, "same": 212, "answer": "yes", "expected": 41},
        "chance": {"n": 40, "right": 19, "accuracy": 47, "low": 32, "high": 62},
        "copy": {"n": 180, "same": 180, "wrong": 31, "window": 60},
    }
    for kind, numbers in evidence.items():
        seen = {"workflow": workflow, "kind": kind, "numbers": numbers, "p": 3e-12, "seen_at": NOW}
        QualityFlag.objects.create(volunteer=person, original=original if kind == "copy" else None, **seen)
        if kind != "copy":
            state = {"speed": "confirmed", "constant": "dismissed", "chance": "expired"}[kind]
            QualityFlag.objects.create(volunteer=third, state=state, **seen)


def _bring_in(workflow):
    options = {"source": "zooniverse.org", "match": "subject", "task": "T0", "answers": {"AST": "yes", "CR": "no"}}
    of = {"workflow": workflow, "path": "night.csv", "options": options}
    report = {"no-user": {"count": 2, "examples": [{"row": 3, "what": "AST"}]}}
    ClassificationImport.objects.create(**of, state="done", added=5, done=5)
    broken = NOT_BROUGHT_IN_FURTHER(problem=NOT_UTF8(file="night.csv", line=2))
    ClassificationImport.objects.create(**of, state="failed", added=5, skipped=2, report=report, error=broken)
