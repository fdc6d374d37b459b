from webapp.volunteers.models.classification import Answer, Classification
from webapp.volunteers.models.mark import Mark
from webapp.volunteers.models.queue_entry import Lease, QueueEntry, Reason
from webapp.volunteers.models.volunteer import Volunteer
from webapp.volunteers.models.workflow import Method, Workflow

__all__ = ["Answer", "Classification", "Lease", "Mark", "Method", "QueueEntry", "Reason", "Volunteer", "Workflow"]
