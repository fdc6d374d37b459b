"""The further rules of retirement, as a form asks for them: each is off while its field is empty."""

from django.utils.translation import gettext_lazy as _

FIELDS = ("agreement", "agreement_votes", "nothing_after", "unsure_share", "unsure_votes", "flags")
SHARES = ("agreement", "unsure_share")
LABELS = {
    "agreement": _("Share that agrees"),
    "agreement_votes": _("of at least so many votes"),
    "nothing_after": _("Nothing here after so many no"),
    "unsure_share": _("To experts from a share of unsure"),
    "unsure_votes": _("of at least so many votes"),
    "flags": _("Broken pictures: people who say so"),
}
HELP_TEXTS = {
    "agreement": _("Of the votes that said yes or no, such as 0.9; empty for none."),
    "agreement_votes": "",
    "nothing_after": _("When the first votes are all no; empty for none."),
    "unsure_share": _("Such as 0.5; empty for none. Scientists find them in the consensus browser."),
    "unsure_votes": "",
    "flags": _("Offers “The picture is broken” after each answer; empty for none."),
}
