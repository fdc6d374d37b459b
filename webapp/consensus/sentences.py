"""What workers say of recounts and drawings."""

from django.utils.translation import gettext_noop

from webapp.sentences import Sentence

RECOUNTED = Sentence(gettext_noop("%(settled)s more settled, %(reopened)s open again."))
DRAWN = Sentence(gettext_noop("%(count)s training movers are in the queue."))
NO_ROOM = Sentence(
    gettext_noop(
        "%(count)s training movers are in the queue. Of %(tried)s more backgrounds, those that are left have something "
        "in every place."
    )
)
