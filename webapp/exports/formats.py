"""Registry of export formats by name, and the streamed response of one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.archive.pixels import shape_of
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.exports.consensus import consensus_csv, consensus_parquet
from webapp.exports.label_studio import label_studio_export, labelling_configuration
from webapp.exports.lines import drawn, lines_export
from webapp.exports.paging import PAGE
from webapp.exports.panoptes_classifications import classification_export
from webapp.exports.panoptes_subjects import subject_export
from webapp.exports.panoptes_workflow import workflow_export
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

Parts = Iterator[bytes]


def answers(workflow: Workflow) -> int:
    return Classification.objects.counted().filter(workflow=workflow).count()


def queued(workflow: Workflow) -> int:
    return QueueEntry.objects.filter(workflow=workflow).count()


def summed(workflow: Workflow) -> int:
    return Consensus.objects.filter(workflow=workflow, subject__is_synthetic=False).count()


@dataclass(frozen=True)
class Export:
    """One kind of file. `parts` yields its bytes for a workflow, on a site of an address; `rows` counts what is in it.

    `page` is how many rows the first two parts hold: a header, and a page. None where that says nothing of the size.
    """

    name: str
    suffix: str
    title: str | Promise
    help_text: str | Promise
    parts: Callable[[Workflow, str], Parts]
    rows: Callable[[Workflow], int]
    content_type: str = "text/csv; charset=utf-8"
    page: int | None = PAGE

    def filename(self, workflow: Workflow) -> str:
        return f"{workflow.slug}-{self.name}.{self.suffix}"

    def size(self, workflow: Workflow, address: str, rows: int) -> int | None:
        """Estimate the number of bytes from the first page."""
        if self.page is None:
            return None
        taken = sum(len(part) for part in islice(self.parts(workflow, address), 2))
        return taken if rows <= self.page else int(taken * rows / self.page)


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
            _("One row an answer, in the columns of a Panoptes classification export."),
            lambda workflow, _address: classification_export(workflow),
            answers,
        ),
        Export(
            "subjects",
            "csv",
            _("Panoptes subjects"),
            _("One row a subject and set, in the columns of a Panoptes subject export."),
            subject_export,
            queued,
        ),
        Export(
            "workflow",
            "csv",
            _("Panoptes workflow"),
            _("The question and its tasks, as Panoptes writes a workflow."),
            lambda workflow, _address: workflow_export(workflow),
            lambda _workflow: 1,
        ),
        Export(
            "consensus",
            "csv",
            _("Consensus"),
            _("One row a subject: votes, posterior, how it was retired, rulings, and training sets that hold it."),
            lambda workflow, _address: consensus_csv(workflow),
            summed,
        ),
        Export(
            "consensus",
            "parquet",
            _("Consensus, Parquet"),
            _("The same, typed and compressed."),
            lambda workflow, _address: consensus_parquet(workflow),
            summed,
            "application/vnd.apache.parquet",
            None,
        ),
        Export(
            "lines",
            "csv",
            _("Lines"),
            _("One row a line that a volunteer drew: what a trail detector is trained on from a shell."),
            lambda workflow, _address: lines_export(workflow),
            drawn,
            page=None,
        ),
        Export(
            "label-studio",
            "json",
            _("Label Studio tasks"),
            _("One task a subject, with answers as annotations and the champion's opinion as a prediction."),
            label_studio_export,
            queued,
            "application/json",
        ),
        Export(
            "label-studio-configuration",
            "xml",
            _("Label Studio configuration"),
            _("What to paste when you set up a project there."),
            configuration,
            lambda _workflow: 1,
            "application/xml",
        ),
    )
}


def site_address(request: HttpRequest) -> str:
    """Return the address of this site, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")


def file_response(request: HttpRequest, export: Export, workflow: Workflow) -> StreamingHttpResponse:
    """Send an export as a file to keep. It holds what people said, so no cache on the way may keep it."""
    parts = export.parts(workflow, site_address(request))
    response = StreamingHttpResponse(parts, content_type=export.content_type)
    response["Content-Disposition"] = f'attachment; filename="{export.filename(workflow)}"'
    response["Cache-Control"] = "no-store"
    return response
