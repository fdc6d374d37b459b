"""Delete an account, and keep or delete its classifications and comments."""

import logging
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import CASCADE, Exists, OuterRef, ProtectedError, Q

from webapp.archive.audit import rename_in_audit_log
from webapp.classifications.models import Classification
from webapp.community.models import (
    Appeal,
    Block,
    Collection,
    Comment,
    Discovery,
    Favourite,
    Group,
    GroupMember,
    ModeratorAction,
    Notification,
    Profile,
    Thread,
)
from webapp.community.talk import delete_comments, disown
from webapp.consensus.apply_votes import recompute_subjects
from webapp.queue.entries import entries_of, lock_of_several
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

log = logging.getLogger(__name__)

BATCH = 1000


@transaction.atomic
def delete_account(*, user: User, keep_answers: bool) -> None:
    """Delete an account and all its personal data; the log says so, for a backup that is restored.

    Parameters
    ----------
    keep_answers
        Keep standing answers and comments anonymously: answers still count, and nothing leads back to the person.
        Otherwise both are deleted, and their subjects are recounted: some may be asked about again.
    """
    volunteer = _locked(user)
    if volunteer is not None:
        Volunteer.objects.filter(merged_into=volunteer).delete()
        _release_leases(volunteer)
        if keep_answers:
            _make_nobody(volunteer)
        else:
            _remove_answers(volunteer)
    number = user.pk
    pseudonym = f"gone:{number}"  # nobody can sign up by such a name, and so be named in the erased one's place
    rename_in_audit_log(user, pseudonym)
    _delete(user, pseudonym)
    log.info("Account %s was erased (answers: %s).", number, "keep" if keep_answers else "remove")


def _locked(user: User) -> Volunteer | None:
    """Return the volunteer, locked like their queue entries: as by an answer, and only then against rows about them.

    So are the visitors that they were. Who holds one of the entries may be about to store such a row, as a verdict does
    that credits them. So may a moderator who holds one of their comments, and who replies in a thread of theirs.
    Whoever gathers news for a mail holds the profile first.
    """
    list(Profile.objects.filter(user=user).select_for_update().values_list("pk"))
    rows = Volunteer.objects.filter(Q(user=user) | Q(merged_into__user=user)).order_by("pk")
    people = list(rows.select_for_update(no_key=True, of=("self",)))
    volunteer = next((each for each in people if each.user_id == user.pk), None)
    if volunteer is not None:
        lock_of_several(entries_of(volunteer))
        _lock_talk(volunteer)
        list(rows.select_for_update(of=("self",)))
    return volunteer


def _lock_talk(volunteer: Volunteer) -> None:
    """Lock what the volunteer wrote and what moderators did about it, in the order of who answers an appeal."""
    for rows in (
        Appeal.objects.filter(action__author=volunteer),
        ModeratorAction.objects.filter(author=volunteer),
        Comment.objects.filter(author=volunteer),
        Thread.objects.filter(author=volunteer),
    ):
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def _make_nobody(volunteer: Volunteer) -> None:
    for model in (Block, Collection, Discovery, Favourite, Group, GroupMember, Notification):
        owner = "owner" if model in (Collection, Group) else "volunteer"
        model._default_manager.filter(**{owner: volunteer}).delete()
    Block.objects.filter(blocked=volunteer).delete()
    Appeal.objects.filter(action__author=volunteer).delete()
    volunteer.edited_collections.clear()
    disown(volunteer)
    answers = Classification.objects.filter(volunteer=volunteer)
    # An undone answer to gold that was given again says that the second one is no evidence of skill.
    again = answers.filter(withdrawn_at=None, workflow=OuterRef("workflow"), subject=OuterRef("subject"))
    answers.filter(~Exists(again), withdrawn_at__isnull=False).delete()
    answers.update(device="", viewport="", started_at=None, finished_at=None)
    Volunteer.objects.filter(pk=volunteer.pk).update(user=None, key=uuid4())


def _remove_answers(volunteer: Volunteer) -> None:
    answers = Classification.objects.filter(volunteer=volunteer)
    for workflow in Workflow.objects.filter(classifications__volunteer=volunteer).distinct().order_by("pk"):
        subjects = list(answers.filter(workflow=workflow).order_by("subject").values_list("subject", flat=True))
        for start in range(0, len(subjects), BATCH):
            batch = subjects[start : start + BATCH]
            answers.filter(workflow=workflow, subject__in=batch).delete()
            recompute_subjects(workflow, batch)
    delete_comments(Comment.objects.filter(author=volunteer))
    volunteer.delete()


def _release_leases(volunteer: Volunteer) -> None:
    """Release the volunteer's leases, whose entries are locked."""
    leased = QueueEntry.objects.filter(leases__volunteer=volunteer)
    for workflow in Workflow.objects.filter(queue__leases__volunteer=volunteer).distinct().order_by("pk"):
        subjects = list(leased.filter(workflow=workflow).values_list("subject", flat=True))
        Lease.objects.filter(volunteer=volunteer, entry__workflow=workflow).delete()
        recompute_subjects(workflow, subjects)


def _delete(user: User, pseudonym: str) -> None:
    """Delete the account; if a scientist's verdicts refer to it, keep an anonymous row that cannot sign in."""
    try:
        with transaction.atomic():
            user.delete()
    except ProtectedError:
        for relation in User._meta.related_objects:
            if relation.on_delete is CASCADE:
                relation.related_model._default_manager.filter(**{relation.field.name: user}).delete()
        user.username, user.email, user.first_name, user.last_name = pseudonym, "", "", ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()
