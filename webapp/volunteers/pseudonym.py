"""A name for a volunteer that tells nobody who they are, and stays the same from page to page."""

from django.utils.crypto import salted_hmac

from webapp.volunteers.models import Volunteer


def pseudonym(volunteer: Volunteer) -> str:
    """Return “v-” and twelve hexadecimal digits: a keyed hash, which only this site's secret key can reproduce."""
    return f"v-{salted_hmac('webapp.volunteers.pseudonym', str(volunteer.key)).hexdigest()[:12]}"
