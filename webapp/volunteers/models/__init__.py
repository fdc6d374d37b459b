from webapp.volunteers.models.classification import Answer, Classification
from webapp.volunteers.models.guide import GuideImage, GuideKind, GuideText, Language, TutorialProgress
from webapp.volunteers.models.mark import Mark
from webapp.volunteers.models.queue_entry import Lease, QueueEntry, Reason
from webapp.volunteers.models.volunteer import Volunteer
from webapp.volunteers.models.workflow import Method, Workflow

__all__ = [
    "Answer",
    "Classification",
    "GuideImage",
    "GuideKind",
    "GuideText",
    "Language",
    "Lease",
    "Mark",
    "Method",
    "QueueEntry",
    "Reason",
    "TutorialProgress",
    "Volunteer",
    "Workflow",
]
