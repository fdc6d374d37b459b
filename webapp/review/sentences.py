"""What workers say of imports."""

from django.utils.translation import gettext_noop

from webapp.sentences import Sentence

NOT_BROUGHT_IN = Sentence(gettext_noop("%(problem)s Nothing was brought in."))
NOT_BROUGHT_IN_FURTHER = Sentence(gettext_noop("%(problem)s Nothing more was brought in."))
