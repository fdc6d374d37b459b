"""What is no longer there, with a sentence that its page shows."""

from django.http import Http404


class Missing(Http404):
    """Nothing is at this address; the message says, in the reader's language, why and what to do.

    The messages of other `Http404` are for developers, and no page shows them.
    """
