"""What scientists, admins and the site's workers do, each action as one request or task."""

import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from django.db import transaction

from ml.crowd.quality.flag import Flag
from tests.integration.at_once_life.world import pause
from tests.integration.imports.files import imported, panoptes_row, write_csv
from tests.integration.survey_life.staff import RULE_CHANGES
from webapp.classify.submit import commit_pending
from webapp.consensus.models import ConsensusRecompute
from webapp.consensus.recompute import catch_up_all, recompute_consensus
from webapp.known_objects.models import KnownMatch
from webapp.known_objects.rule_out import apply_ruled_out, rule_out, take_back
from webapp.linking import linked_objects
from webapp.linking.decisions import decide, reopen
from webapp.linking.models import Decision, Proposal
from webapp.quality import quality_scan
from webapp.quality.models import QualityFlag
from webapp.queue.leases import release_expired
from webapp.queue.membership import add_to_set, end_training
from webapp.reports.drafts import candidates, delete_draft, draft_report
from webapp.reports.models import Report
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import new_run
from webapp.review.bulk import give_verdicts
from webapp.review.bulk_undo import withdraw_verdicts
from webapp.review.models import Ruling
from webapp.review.opinions import give_verdict, withdraw_verdict
from webapp.review.rulings import SubjectVerdict
from webapp.volunteers.identity import pseudonym
from webapp.workflow_settings.change_workflow import change_workflow

CLASSES = (("yes", ""), ("yes", "AST"), ("no", ""), ("no", "CR"))
ANSWERS = {"yes": "Yes", "no": "No", "unsure": "Not sure"}


def judge(world, rng):
    subject, workflow, scientist = world.subject(rng), world.workflow(rng), world.scientist(rng)
    verdict, label = rng.choice(CLASSES)
    pause(rng)
    began = time.monotonic()
    given = give_verdict(
        subject=subject, workflow=workflow, scientist=scientist, verdict=verdict, label=label,
        overrules=rng.random() < 0.4,
    )  # fmt: skip
    if isinstance(given, Ruling):
        world.ruled_from[given.pk] = began
    return type(given).__name__, given.pk, workflow.slug, subject.external_id, verdict


def judge_many(world, rng):
    workflow, scientist = world.workflow(rng), world.scientist(rng)
    chosen = {world.subject(rng).pk for _ in range(3)}
    began = time.monotonic()
    if rng.random() < 0.3:
        return withdraw_verdicts(workflow, list(chosen), by=scientist, is_undo=rng.random() < 0.5)
    verdict, label = rng.choice(CLASSES)
    given = give_verdicts(workflow, [SubjectVerdict(pk, verdict, label) for pk in chosen], scientist=scientist)
    world.ruled_from |= {row.pk: began for row in given if isinstance(row, Ruling)}
    return [(type(row).__name__, row.pk) for row in given]


def withdraw(world, rng):
    subject, workflow, scientist = world.subject(rng), world.workflow(rng), world.scientist(rng)
    pause(rng)
    withdraw_verdict(subject=subject, workflow=workflow, scientist=scientist, is_undo=rng.random() < 0.5)
    return workflow.slug, subject.external_id


def link(world, rng):
    rows, by = list(Proposal.objects.order_by("pk")), world.scientist(rng)
    chosen = [rng.choice(rows).pk for _ in range(rng.randint(1, 2))]
    does = rng.choice(["confirm", "confirm", "reject", "reopen", "take back"])
    pause(rng)
    if does == "reopen":
        return does, reopen(survey=world.survey, proposal=chosen[0], by=by)
    if does == "take back":
        return does, linked_objects.take_back(survey=world.survey, proposal=chosen[0], by=by, reason="no")
    decision = Decision.CONFIRMED if does == "confirm" else Decision.REJECTED
    return does, decide(survey=world.survey, proposals=chosen, by=by, decision=decision)


def report(world, rng):
    """Draft a report of some candidates, or delete a draft."""
    by, drafts = world.scientist(rng), list(Report.objects.all())
    if drafts and rng.random() < 0.4:
        return "deleted", delete_draft(report=rng.choice(drafts))
    found = list(candidates(world.survey).values_list("pk", flat=True))
    pause(rng)
    return "draft", found and draft_report(survey=world.survey, by=by, subjects=found[: rng.randint(1, 2)]).pk


@transaction.atomic
def publish(world, rng):
    end_training([world.subject(rng).pk])


def change_rules(world, rng):
    workflow, rules = world.workflow(rng), rng.choice(RULE_CHANGES)
    pause(rng)
    sets = list(workflow.subject_sets.all())
    change_workflow(workflow=workflow, subject_sets=sets, by=world.scientist(rng), **rules)
    return workflow.slug, rules


def change_sets(world, rng):
    workflow = world.workflow(rng)
    names = rng.choice([["first"], ["first", "second"], ["second", "gold"], ["gold"], ["first", "second", "gold"]])
    sets = list(world.survey.subject_sets.filter(name__in=names))
    pause(rng)
    saved = change_workflow(workflow=workflow, subject_sets=sets, by=world.scientist(rng))
    return workflow.slug, names, saved.added, saved.removed


def grow(world, rng):
    add_to_set(world.survey, rng.choice(["first", "second"]), [world.subject(rng).pk])


@transaction.atomic
def distrust(world, rng):
    person, workflow = world.person(rng), world.workflow(rng)
    if person is not None and person.pk and person.classifications.filter(workflow=workflow).exists():
        pause(rng)
        quality_scan.store_flags(workflow, [Flag(0, "speed", 0.001, {})], np.array([person.pk]))


def decide_on_flag(world, rng):
    flags = list(QualityFlag.objects.order_by("pk"))
    if flags:
        state = rng.choice(["confirmed", "dismissed", "open"])
        pause(rng)
        quality_scan.decide(flag=rng.choice(flags), state=state, by=world.scientist(rng))


@transaction.atomic
def compare(world, rng):
    """Rule a known object out, or not, and compare all subjects with the orbits."""
    match = KnownMatch.objects.select_related("subject").get()
    does = rng.choice(["rule out", "take back", "all"])
    if does == "rule out":
        rule_out(match=match, by=world.scientist(rng))
    elif does == "take back":
        take_back(match=match)
    else:
        apply_ruled_out([row.pk for row in world.survey.subjects.all()])
    return does


def bring_in(world, rng):
    """Import others' answers, or those of the site's own people as in a file that it had exported."""
    workflow, rows = world.workflow(rng), []
    for _ in range(rng.randint(1, 4)):
        person = world.person(rng)
        user = f"user {rng.randint(0, 3)}"
        if person is not None and rng.random() < 0.5:
            user = pseudonym(person.key, person.user_id is not None).user_name
        label = ANSWERS[rng.choice(["yes", "no", "unsure"])]
        rows.append(panoptes_row(rng.getrandbits(40), user, world.subject(rng).external_id, label))
    with tempfile.TemporaryDirectory() as folder:
        job = imported(workflow, write_csv(Path(folder) / "votes.csv", rows))
    assert job.state == "done", job.error
    return workflow.slug, job.added


def retain(world, rng):
    run = new_run(survey=world.survey, by=None, dry_run=False)
    drop_pixels(RetentionRun.objects.claim(run.pk))
    run.refresh_from_db()
    return run.done


class NoPixels:
    """Stands for the folder of pixels, of which there are none."""

    def __init__(self, folder):
        pass

    def chunk(self, *of):
        return 64

    def clear(self, *what):
        return 0


def without_pixels():
    return patch("webapp.retention.drop_pixels.PixelStore", NoPixels)


def recount(world, rng):
    for job in ConsensusRecompute.objects.filter(state="queued").order_by("pk"):
        if (claimed := ConsensusRecompute.objects.claim(job.pk)) is not None:
            recompute_consensus(claimed)


def keep_house(world, rng):
    """Run the scheduled tasks, as every minute."""
    for task in (release_expired, commit_pending, catch_up_all):
        task()


STAFF = {
    judge: 6, judge_many: 2, withdraw: 3, link: 3, report: 2, publish: 1, change_rules: 3, change_sets: 2, grow: 1,
    distrust: 1, decide_on_flag: 1, compare: 2, bring_in: 2, retain: 1,
}  # fmt: skip
WORKERS = {keep_house: 3, recount: 2, compare: 1, bring_in: 1}
