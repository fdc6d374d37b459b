"""Registry of export formats by name, the streamed response of one, and the CSV of drawn lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.classifications.models import Classification, Mark
from webapp.consensus.models import Consensus
from webapp.core.csv_writer import csv_parts
from webapp.exports.classification_rows import CountedAnswer, answers
from webapp.exports.consensus import consensus_csv, consensus_parquet
from webapp.exports.label_studio_export import label_studio_export, labelling_configuration
from webapp.exports.panoptes import classification_export, subject_export, workflow_export
from webapp.queue.models import QueueEntry
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Workflow

PLACE = ("frame", "x1", "y1", "x2", "y2", "ra1", "dec1", "ra2", "dec2")
COLUMNS = ("external_id", "volunteer", *PLACE, "answer")


def lines_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(COLUMNS, (_rows(page) for page in answers(workflow)))


def count_lines(workflow: Workflow) -> int:
    """Return the number of lines of answers with weight."""
    counted = Mark.objects.standing().filter(classification__workflow=workflow, classification__is_counted=True)
    return counted.filter(classification__log_odds_micronats__isnull=False).count()


def _rows(page: Sequence[CountedAnswer]) -> Iterator[Sequence[Any]]:
    given = {each.id: each for each in page if each.weighs}
    marks = Mark.objects.standing().filter(classification__in=given)
    ordered = marks.order_by("classification__subject", "classification", "position")
    rows = list(ordered.values_list("classification", *PLACE))
    subjects = Subject.objects.filter(pk__in={given[answer].subject for answer, *_ in rows})
    names = dict(subjects.values_list("pk", "external_id"))
    for answer, *place in rows:
        by = given[answer]
        yield names[by.subject], pseudonym(by.volunteer, by.has_account).user_name, *place, by.answer


Parts = Iterator[bytes]


def count_classifications(workflow: Workflow) -> int:
    return Classification.objects.counted().filter(workflow=workflow).count()


def count_queue(workflow: Workflow) -> int:
    return QueueEntry.objects.filter(workflow=workflow).count()


def count_consensus(workflow: Workflow) -> int:
    return Consensus.objects.filter(workflow=workflow, subject__is_synthetic=False).count()


@dataclass(frozen=True)
class Export:
    """One export format. `parts` yields its bytes for a workflow and a site address; `rows` counts its rows, if any."""

    name: str
    suffix: str
    title: str | Promise
    help_text: str | Promise
    parts: Callable[[Workflow, str], Parts]
    rows: Callable[[Workflow], int] | None
    content_type: str = "text/csv; charset=utf-8"

    def filename(self, workflow: Workflow) -> str:
        return f"{workflow.slug}-{self.name}.{self.suffix}"


def configuration(workflow: Workflow, _address: str) -> Parts:
    entry = QueueEntry.objects.filter(workflow=workflow).select_related("subject").first()
    yield labelling_configuration(workflow, shape_of(entry.subject)[0] if entry else 1).encode()


EXPORTS = {
    f"{export.name}.{export.suffix}": export
    for export in (
        Export(
            "classifications",
            "csv",
            _("Panoptes classifications"),
            _("One row per classification, with the columns of a Panoptes classification export."),
            lambda workflow, _address: classification_export(workflow),
            count_classifications,
        ),
        Export(
            "subjects",
            "csv",
            _("Panoptes subjects"),
            _("One row per subject and set, with the columns of a Panoptes subject export."),
            subject_export,
            count_queue,
        ),
        Export(
            "workflow",
            "csv",
            _("Panoptes workflow"),
            _("The question and its tasks as a Panoptes workflow."),
            lambda workflow, _address: workflow_export(workflow),
            None,
        ),
        Export(
            "consensus",
            "csv",
            _("Consensus"),
            _("One row per subject: votes, posterior, retirement, verdicts and its training sets."),
            lambda workflow, _address: consensus_csv(workflow),
            count_consensus,
        ),
        Export(
            "consensus",
            "parquet",
            _("Consensus, Parquet"),
            _("The same table, typed and compressed."),
            lambda workflow, _address: consensus_parquet(workflow),
            count_consensus,
            "application/vnd.apache.parquet",
        ),
        Export(
            "lines",
            "csv",
            _("Lines"),
            _("One row per line drawn by a volunteer, for training a trail detector on the command line."),
            lambda workflow, _address: lines_export(workflow),
            count_lines,
        ),
        Export(
            "label-studio",
            "json",
            _("Label Studio tasks"),
            _("One task per subject, with classifications as annotations and the champion's score as a prediction."),
            label_studio_export,
            count_queue,
            "application/json",
        ),
        Export(
            "label-studio-configuration",
            "xml",
            _("Label Studio configuration"),
            _("Paste this when you set up a Label Studio project."),
            configuration,
            None,
            "application/xml",
        ),
    )
}


def site_address(request: HttpRequest) -> str:
    """Return this site's address, without a trailing slash."""
    return request.build_absolute_uri("/").rstrip("/")


def file_response(request: HttpRequest, export: Export, workflow: Workflow) -> StreamingHttpResponse:
    """Send an export as a download. It contains people's answers, so caches must not store it."""
    parts = export.parts(workflow, site_address(request))
    response = StreamingHttpResponse(parts, content_type=export.content_type)
    response["Content-Disposition"] = f'attachment; filename="{export.filename(workflow)}"'
    response["Cache-Control"] = "no-store"
    return response
