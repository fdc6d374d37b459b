"""Messages of consensus, quality and synthetics jobs."""

from django.utils.translation import gettext_noop

from webapp.core.messages import Sentence

RECOUNTED = Sentence(gettext_noop("%(settled)s more settled, %(reopened)s open again."))
READING_VOTES = Sentence(gettext_noop("Reading the votes."))
NO_ANSWERS = Sentence(gettext_noop("Nobody has answered yet."))
DAWID_SKENE = Sentence(gettext_noop("Dawid–Skene over %(count)s votes."))
TURNED = Sentence(gettext_noop("%(count)s of %(all)s subjects come out the other way."))
READING_ANSWERS = Sentence(gettext_noop("Reading the answers."))
LOOKING_THROUGH = Sentence(gettext_noop("Looking through %(count)s answers."))
FLAGGED = Sentence(gettext_noop("%(new)s new, %(over)s over."))
DRAWN = Sentence(gettext_noop("%(count)s training movers are in the queue."))
NO_ROOM = Sentence(
    gettext_noop(
        "%(count)s training movers are in the queue. Of %(tried)s more backgrounds, those that are left have something "
        "in every place."
    )
)
