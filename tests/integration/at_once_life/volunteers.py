"""What volunteers do, each action as one request: read who they are, and then act."""

import time
import uuid

from psycopg.errors import DeadlockDetected

from tests.integration.at_once_life.world import pause
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.classify.record import Item
from webapp.classify.submit import say_more, submit, undo
from webapp.community.favourites import favour
from webapp.community.tags import tag
from webapp.community.talk import post_comment
from webapp.core.postgresql.retry import retry_on
from webapp.queue.leases import lease_next, store_newcomer
from webapp.volunteers.identity import account_volunteer
from webapp.workflows.models import Workflow

ANSWERS = ("yes", "yes", "no", "unsure")
send = retry_on(DeadlockDetected)(submit)  # as the API does


def ask(world, rng):
    person, workflow = world.person(rng), world.workflow(rng)
    if person is None:
        return None
    pause(rng)
    return [lease.entry.subject_id for lease in lease_next(person, workflow, rng.randint(1, 3)).leases]


def work(world, rng):
    """Ask for subjects, and answer them."""
    person, workflow = world.person(rng), world.workflow(rng)
    if person is None:
        return None
    leases = lease_next(person, workflow, rng.randint(1, 3)).leases
    pause(rng)
    items = [_item(workflow, lease.entry.subject_id, rng) for lease in leases]
    return _send(world, person, workflow, items[: rng.randint(1, 3)]) if items else None


def _item(workflow, subject, rng):
    answer = rng.choice(ANSWERS)
    follow_up = rng.choice(["", *workflow.offered(answer)])
    return Item(uuid.UUID(int=rng.getrandbits(128), version=4), subject, answer, follow_up)


def _send(world, person, workflow, items):
    world.sent.extend((person.key, workflow.pk, item) for item in items)
    store_newcomer(person)
    results = send(person, workflow, items)
    new = [item for item, result in zip(items, results, strict=True) if result.recorded.is_new]
    world.stored |= {item.id: time.monotonic() for item in new}
    return [(str(item.id)[:8], workflow.slug, item.subject, item.answer, item in new) for item in items]


def send_again(world, rng):
    """Send again what somebody sent before, as whoever they are now."""
    if not world.sent:
        return None
    key, workflow, item = rng.choice(world.sent)
    person = world.now(key)
    if person is None:
        return None
    pause(rng)
    return _send(world, person, Workflow.objects.select_related("survey").get(pk=workflow), [item])


def take_back(world, rng):
    """Undo one of the latest answers, or change its follow-up."""
    if not world.sent:
        return None
    key, _, item = rng.choice(world.sent[-12:])
    person = world.now(key)
    if person is None or person.pk is None:
        return None
    pause(rng)
    if rng.random() < 0.3:
        say_more(person, item.id, "")
        world.cleared.append(item.id)
        return str(item.id)[:8], "no follow-up"
    world.may_be_undone.append(item.id)
    undo(person, item.id)
    world.undone |= {item.id: time.monotonic()}
    return str(item.id)[:8], "undone"


def join(world, rng):
    """Sign in to an account in the browser of a visitor, or of a newcomer, as often two tabs at once do."""
    visitor, user = world.person(rng), world.account(rng)
    if visitor is None or visitor.user_id or user is None:
        return None
    pause(rng)
    store_newcomer(visitor)
    return str(visitor), str(user), merge(visitor, account_volunteer(user))


def leave(world, rng):
    user, keep = world.account(rng), rng.random() < 0.5
    if user is None or len(world.left) > 1:
        return None
    world.left.append((user.volunteer.pk, keep))
    pause(rng)
    delete_account(user=user, keep_answers=keep)
    return user.username, keep


def talk(world, rng):
    """Write about a subject, tag it, or make it a favourite; and mention somebody."""
    user, subject = world.account(rng), world.subject(rng)
    if user is None:
        return None
    pause(rng)
    does = rng.choice(["post", "tag", "favour"])
    if does == "post":
        post_comment(user=user, text=f"#odd @{rng.choice(['ann', 'bob'])} {rng.random()}", subject=subject)
    elif does == "tag":
        tag(user=user, subject=subject, name=rng.choice(["comet", "trail"]))
    else:
        favour(account_volunteer(user), subject)
    return user.username, does, subject.external_id


def like(world, rng):
    """A visitor's favourite, which joins with them."""
    person, subject = world.person(rng), world.subject(rng)
    if person is not None and person.pk is not None:
        pause(rng)
        favour(person, subject)


def arrive(world, rng):
    world.arrive(rng)


VOLUNTEERS = {work: 12, ask: 3, send_again: 3, take_back: 3, join: 3, leave: 1, talk: 2, like: 1, arrive: 1}
