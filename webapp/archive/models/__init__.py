from webapp.archive.models.exposure import Exposure
from webapp.archive.models.frame import Frame
from webapp.archive.models.ingest_run import IngestProblem, IngestRun
from webapp.archive.models.membership import Membership, Role
from webapp.archive.models.subject import Kind, Subject, SubjectSet
from webapp.archive.models.survey import Survey

__all__ = [
    "Exposure",
    "Frame",
    "IngestProblem",
    "IngestRun",
    "Kind",
    "Membership",
    "Role",
    "Subject",
    "SubjectSet",
    "Survey",
]
