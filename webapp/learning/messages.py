"""Messages of training runs, the gate and scoring."""

from django.utils.translation import gettext_noop

from webapp.core.stored_messages import Sentence

NEW_LABELS = Sentence(gettext_noop("New or corrected labels since the last run: %(new)s."))
DRIFTED = Sentence(
    gettext_noop(
        "The scores of model %(model)s shifted on the night of MJD %(night)s (stability index %(index)s, %(subjects)s "
        "subjects), and it was not trained on %(new)s of the labels."
    )
)

ADDING_UP = Sentence(gettext_noop("Recounting the votes with current skills."))
COLLECTING = Sentence(gettext_noop("Collecting labels."))
READING = Sentence(gettext_noop("Reading %(count)s subjects."))
LEARNING = Sentence(gettext_noop("Training on %(count)s labels."))
RESUMED = Sentence(gettext_noop("Resumed at epoch %(epoch)s, after a worker stopped."))
CROSS_VALIDATING = Sentence(
    gettext_noop("Cross-validating: five more heads, each trained without a fifth of the objects.")
)
JUDGING = Sentence(gettext_noop("Evaluating on the frozen test set."))
CHAMPION_CHANGED = Sentence(
    gettext_noop("The champion changed %(times)s times during the comparison. Start the run again.")
)

NOT_JUDGED = Sentence(gettext_noop("Not evaluated: the test set lacks scores for real or bogus subjects."))
FEW_LABELS = Sentence(gettext_noop("Trained on %(labels)s labels; a first champion needs %(fewest)s."))
MAY_BE_CHANCE = Sentence(gettext_noop("AUC %(auc)s may be chance: the 95 %% interval starts at %(low)s."))
FIRST_CHAMPION = Sentence(
    gettext_noop("The first champion: AUC %(auc)s, at least %(low)s at 95 %%, from %(labels)s labels.")
)
FIRST_EXTERNAL = Sentence(
    gettext_noop(
        "The first champion: AUC %(auc)s, at least %(low)s at 95 %%. It was trained elsewhere, perhaps on test "
        "subjects."
    )
)
BETTER_EXTERNAL = Sentence(
    gettext_noop(
        "Better, and not worse by more than %(margin)s: %(comparison)s. It was trained elsewhere, perhaps on test "
        "subjects."
    )
)
FEW_NEW_LABELS = Sentence(gettext_noop("%(new)s new labels since the champion; %(fewest)s needed."))
NOT_COMPARED = Sentence(gettext_noop("Not compared: too few test subjects are new to both models."))
COMPARISON = Sentence(gettext_noop("AUC %(auc)s, %(difference)s (%(low)s to %(high)s) against the champion"))
NO_BETTER = Sentence(gettext_noop("No better: %(comparison)s."))
MAY_BE_WORSE = Sentence(gettext_noop("Looks better, but could be more than %(margin)s worse: %(comparison)s."))
BETTER = Sentence(gettext_noop("Beats the champion: %(comparison)s, with %(new)s new labels."))
LIKELY_BETTER = Sentence(
    gettext_noop("Probably better, and not worse by more than %(margin)s: %(comparison)s, with %(new)s new labels.")
)
CONTROL = Sentence(gettext_noop("Control run: never promoted. %(verdict)s"))
NOT_PROBABILITIES = Sentence(
    gettext_noop(
        "Model %(model)s gives no probability (NaN, or outside 0 to 1) for %(bad)s of %(n)s subjects. Its training "
        "may have diverged: train another, or roll back."
    )
)
UNJUDGED = Sentence(gettext_noop("Not promoted: %(why)s"))

TOO_LITTLE_GOLD = Sentence(
    gettext_noop(
        "%(survey)s has %(real)s real and %(bogus)s bogus gold subjects for testing; %(fewest)s of each "
        "are needed. Gold comes from the manifest or from scientists' verdicts."
    )
)
BY_HAND = Sentence(gettext_noop("Promoted manually by %(name)s."))
STEPPED_BACK = Sentence(gettext_noop("Rolled back from model %(number)s."))

NOT_HTTPS = Sentence(gettext_noop("The address of an external scorer starts with https://."))
BAD_ADDRESS = Sentence(gettext_noop("This is not the address of a scorer: it needs a host, and no user name or #."))
UNKNOWN_HOST = Sentence(gettext_noop("The scorer's host %(host)s is unknown. Check the address."))
PRIVATE_HOST = Sentence(
    gettext_noop("The scorer's host %(host)s has a private address. The setting PRIVATE_SCORERS would allow it.")
)
UNREACHABLE = Sentence(gettext_noop("The scorer can't be reached (%(error)s). Check that it runs, and try again."))
BAD_STATUS = Sentence(
    gettext_noop("The scorer answered with HTTP status %(status)s instead of 200. Its log may say why.")
)
BAD_ANSWER = Sentence(gettext_noop("The scorer's answer can't be used: %(problem)s"))
TOO_LONG = Sentence(gettext_noop("it is longer than %(most)s bytes."))
TOO_SLOW = Sentence(gettext_noop("the answer took longer than %(seconds)s s"))
NOT_JSON = Sentence(gettext_noop("it is not JSON."))
NO_VERSION = Sentence(gettext_noop("“version” must be a text of at most %(most)s characters."))
WRONG_COUNT = Sentence(gettext_noop("“p_real” has %(got)s numbers for %(n)s subjects."))
NO_PROBABILITY = Sentence(gettext_noop("“p_real” has something that is not a number from 0 to 1."))
OTHER_VERSION = Sentence(
    gettext_noop("The scorer now answers as version %(now)s, not %(before)s. Evaluate it again under Models.")
)
NOTHING_TO_ASK = Sentence(gettext_noop("The survey has no subject that the scorer could be asked about."))
SUBJECT_TOO_LARGE = Sentence(gettext_noop("A subject has %(size)s MB of pixels; a scorer is sent %(most)s at most."))
ASKING = Sentence(gettext_noop("Asking the external scorer."))
