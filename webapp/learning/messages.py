"""Messages of training runs, the gate and scoring."""

from django.utils.translation import gettext_noop

from webapp.core.messages import Sentence

ADDING_UP = Sentence(gettext_noop("Adding up the votes with today's skills."))
COLLECTING = Sentence(gettext_noop("Collecting labels."))
READING = Sentence(gettext_noop("Reading %(count)s subjects."))
LEARNING = Sentence(gettext_noop("Learning from %(count)s labels."))
CROSS_VALIDATING = Sentence(gettext_noop("Cross-validating: five more heads, each without a fifth of the objects."))
JUDGING = Sentence(gettext_noop("Judging it on the frozen test set."))
CHAMPION_CHANGED = Sentence(
    gettext_noop("The champion changed %(times)s times while this model was compared with it. Start it again.")
)

NOT_JUDGED = Sentence(
    gettext_noop("It could not be judged: the test set has no score of both a real and a bogus subject.")
)
FEW_LABELS = Sentence(gettext_noop("It learnt from %(labels)s labels; a first champion needs %(fewest)s."))
MAY_BE_CHANCE = Sentence(gettext_noop("Its AUC of %(auc)s may be chance: the 95 %% interval begins at %(low)s."))
FIRST_CHAMPION = Sentence(
    gettext_noop("The first champion: AUC %(auc)s, at least %(low)s at 95 %%, from %(labels)s labels.")
)
FEW_NEW_LABELS = Sentence(gettext_noop("New labels since the champion's: %(new)s; it takes %(fewest)s."))
NOT_COMPARED = Sentence(gettext_noop("It could not be compared: too few test subjects are new to both models."))
COMPARISON = Sentence(gettext_noop("AUC %(auc)s, %(difference)s (%(low)s to %(high)s) against the champion"))
NO_BETTER = Sentence(gettext_noop("It is no better: %(comparison)s."))
MAY_BE_WORSE = Sentence(gettext_noop("It looks better, but could be more than %(margin)s worse: %(comparison)s."))
BETTER = Sentence(gettext_noop("It beats the champion: %(comparison)s, with %(new)s new labels."))
CONTROL = Sentence(gettext_noop("A control: it stays a shadow, whatever the gate says. %(verdict)s"))
UNJUDGED = Sentence(gettext_noop("Kept as a shadow: %(why)s"))

TOO_LITTLE_GOLD = Sentence(
    gettext_noop(
        "%(survey)s has %(real)s real and %(bogus)s bogus gold subjects to judge models by; it takes %(fewest)s of "
        "each. Gold comes with the manifest, or from scientists' rulings."
    )
)
BY_HAND = Sentence(gettext_noop("Promoted by hand by %(name)s."))
STEPPED_BACK = Sentence(gettext_noop("Stepped back from model %(number)s."))
