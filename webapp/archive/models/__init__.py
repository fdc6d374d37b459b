from webapp.archive.models.audit_entry import AuditEntry
from webapp.archive.models.footprint import Footprint
from webapp.archive.models.ingest_run import IngestProblem, IngestRun
from webapp.archive.models.motion_fit import MotionFit
from webapp.archive.models.subject import (
    CAME_WITH_A_CLASS,
    SET_NAME_LENGTH,
    Exposure,
    Frame,
    Kind,
    Subject,
    SubjectSet,
)
from webapp.archive.models.survey import Membership, Role, Survey, lacks_second_factor

__all__ = [
    "CAME_WITH_A_CLASS",
    "SET_NAME_LENGTH",
    "AuditEntry",
    "Exposure",
    "Footprint",
    "Frame",
    "IngestProblem",
    "IngestRun",
    "Kind",
    "Membership",
    "MotionFit",
    "Role",
    "Subject",
    "SubjectSet",
    "Survey",
    "lacks_second_factor",
]
