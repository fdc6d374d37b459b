"""Celery tasks that run one job each: a row with a lease, claimed by its primary key. The work is done in the rooms."""

from tasks.base_task import job
from webapp.archive.ingest.pipeline import ingest
from webapp.archive.models import IngestRun, MotionFit
from webapp.archive.stored_rates import fit_stored
from webapp.consensus.batch_aggregation import aggregate
from webapp.consensus.models import Aggregation, ConsensusRecompute
from webapp.consensus.recompute import recompute_consensus
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import bring_in
from webapp.known_objects.load_orbits import load_scheduled_orbits
from webapp.known_objects.match_subjects import match_subjects
from webapp.known_objects.models import MatchRun, OrbitLoad
from webapp.learning.acquisition import update_priorities
from webapp.learning.models import ScoringRun
from webapp.linking.build_tracklets import build_tracklets
from webapp.linking.find_links import find_links
from webapp.linking.models import LinkRun, TrackletBuild
from webapp.quality.models import QualityScan
from webapp.quality.quality_scan import scan
from webapp.queue.membership import refill
from webapp.reports.models import NeoScore
from webapp.reports.neo_scores import score_tracklet
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.models import RetentionRun
from webapp.synthetics.inject_movers import inject_movers
from webapp.synthetics.models import Injection


@job(IngestRun)
def run_ingest(row: IngestRun) -> None:
    """Ingest a file or folder into a survey, and refill the queues that use its sets."""
    ingest(row, stored=refill)


@job(MotionFit)
def fit_motions(row: MotionFit) -> None:
    """Fit the stored motions of a survey with the position errors of its settings."""
    fit_stored(row)


@job(ClassificationImport)
def import_classifications(row: ClassificationImport) -> None:
    """Import classifications made elsewhere into a workflow."""
    bring_in(row)


@job(ConsensusRecompute)
def recompute(row: ConsensusRecompute) -> None:
    """Recompute the consensus of a workflow under its current rules."""
    recompute_consensus(row)


@job(Aggregation)
def aggregate_votes(row: Aggregation) -> None:
    """Aggregate all votes of a workflow by Dawid–Skene."""
    aggregate(row)


@job(QualityScan)
def scan_quality(row: QualityScan) -> None:
    """Scan a workflow's classifications for spammers and bots."""
    scan(row)


@job(Injection)
def inject(row: Injection) -> None:
    """Inject synthetic movers into a survey's pixels."""
    inject_movers(row)


@job(OrbitLoad)
def load_orbits(row: OrbitLoad) -> None:
    """Load the orbit files that the administrator has refreshed."""
    load_scheduled_orbits(row)


@job(MatchRun)
def match_known(row: MatchRun) -> None:
    """Compare a survey's subjects with the orbits of known objects."""
    match_subjects(row)


@job(NeoScore)
def score_neo(row: NeoScore) -> None:
    """Compute the digest2 scores of a tracklet."""
    score_tracklet(row)


@job(LinkRun)
def propose_links(row: LinkRun) -> None:
    """Propose links between a night's detections, or between tracklets of several nights."""
    find_links(row)


@job(TrackletBuild)
def store_linked(row: TrackletBuild) -> None:
    """Make subjects of confirmed proposals."""
    build_tracklets(row)


@job(RetentionRun)
def retain(row: RetentionRun) -> None:
    """Drop pixels that a survey's rule no longer keeps."""
    drop_pixels(row)


@job(ScoringRun)
def finish_scoring(row: ScoringRun) -> None:
    """Write acquisition priorities after the last shard, and delete old scores."""
    update_priorities(row)
