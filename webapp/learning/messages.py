"""Messages of training runs, the gate, first batches, external scorers and imported models."""

from webapp.core.stored_messages import Sentence

NEW_LABELS = Sentence("New or corrected labels since the last run: %(new)s.")
DAYS_PASSED = Sentence("Days since the last run: at least %(days)s. New or corrected labels: %(new)s.")
DRIFTED = Sentence(
    "The scores of model %(model)s shifted on the night of MJD %(night)s (stability index %(index)s, %(subjects)s "
    "subjects), and %(new)s labels are new or corrected since its training."
)

ADDING_UP = Sentence("Recounting the votes with current skills.")
COLLECTING = Sentence("Collecting labels.")
READING = Sentence("Reading %(count)s subjects.")
LEARNING = Sentence("Training on %(count)s labels.")
READING_POOL = Sentence("Reading unlabelled subjects.")
RESUMED = Sentence("Resumed at epoch %(epoch)s, after a worker stopped.")
CROSS_VALIDATING = Sentence("Cross-validating: five more heads, each trained without a fifth of the objects.")
NOT_CROSS_VALIDATED = Sentence("Not cross-validated: this head's network was itself trained on some of the labels.")
OTHER_SIZES = Sentence("Subjects of other sizes, left out: %(n)s.")
CANCELLED = Sentence("Cancelled. The champion and all labels are unchanged.")
EVALUATING = Sentence("Evaluating on the frozen test set.")
CHAMPION_CHANGED = Sentence("The champion changed %(times)s times during the comparison. Start the run again.")

NOT_EVALUATED = Sentence("Not evaluated: the test set lacks scores for real or bogus subjects.")
FEW_LABELS = Sentence("Trained on %(labels)s labels; a first champion needs %(fewest)s.")
MAY_BE_CHANCE = Sentence("AUC %(auc)s may be chance: the 95%% interval starts at %(low)s.")
FIRST_CHAMPION = Sentence("The first champion: AUC %(auc)s, at least %(low)s at 95%%, from %(labels)s labels.")
FIRST_FROM_ELSEWHERE = Sentence(
    "The first champion: AUC %(auc)s, at least %(low)s at 95%%. It was trained elsewhere, perhaps on test subjects."
)
BETTER_FROM_ELSEWHERE = Sentence(
    "Better, and not worse by more than %(margin)s: %(comparison)s. It was trained elsewhere, perhaps on test subjects."
)
FEW_NEW_LABELS = Sentence("New or corrected labels since the champion: %(new)s of %(fewest)s needed.")
NOT_COMPARED = Sentence("Not compared: too few test subjects are new to both models.")
COMPARISON = Sentence("AUC %(auc)s, %(difference)s (%(low)s to %(high)s) against the champion")
NO_BETTER = Sentence("No better: %(comparison)s.")
MAY_BE_WORSE = Sentence("Looks better, but could be more than %(margin)s worse: %(comparison)s.")
BETTER = Sentence("Beats the champion: %(comparison)s, with %(new)s new or corrected labels.")
LIKELY_BETTER = Sentence(
    "Probably better, and not worse by more than %(margin)s: %(comparison)s, with %(new)s new or corrected labels."
)
CHAMPION_AGAIN = Sentence(
    "This has the champion's own address and version, and ranks the test set as before. The champion stays."
)
CONTROL = Sentence("Control run: never promoted. %(verdict)s")
NOT_PROBABILITIES = Sentence(
    "Model %(model)s gives no probability (NaN, or outside 0 to 1) for %(bad)s of %(n)s subjects. Its training "
    "may have diverged: train another, or roll back."
)
NOT_PROMOTED = Sentence("Not promoted: %(why)s")

TOO_LITTLE_GOLD = Sentence(
    "%(survey)s has %(real)s real and %(bogus)s bogus gold subjects for testing; %(fewest)s of each "
    "are needed. Gold comes from the manifest or from scientists' verdicts."
)
SAME_GOLD = Sentence("The gold is the same as on %(day)s, when the current test set was frozen.")
MISSING_FILE = {
    "training-sets": Sentence(
        "The file %(file)s is missing from the data folder: labels that a model was trained on. Restore it from a"
        " backup. If there is none, train a model and promote it by hand."
    ),
    "unlabelled-pools": Sentence(
        "The file %(file)s is missing from the data folder: unlabelled subjects that a model was trained on. Restore it"
        " from a backup. If there is none, train a model and promote it by hand."
    ),
    "test-sets": Sentence(
        "The file %(file)s is missing from the data folder: the frozen test set. Restore it from a backup. If there is"
        " none, freeze a new test set under Models."
    ),
}
"""By folder: what a missing file of labels means."""

BY_HAND = Sentence("Promoted manually by %(name)s.")
STEPPED_BACK = Sentence("Rolled back from model %(number)s.")

FIRST_BATCH = Sentence("%(chosen)s typical subjects, chosen from %(sample)s.")
HAS_CHAMPION = Sentence("Nothing was chosen: a model became champion meanwhile, and sets the order.")
NOTHING_TO_CHOOSE = Sentence(
    "Nothing was chosen: every waiting subject is blank, or volunteers have already been asked about it."
)

NOT_HTTPS = Sentence("The address of an external scorer starts with https://.")
BAD_ADDRESS = Sentence("This is not the address of a scorer: it needs a host, and no user name or #.")
UNKNOWN_HOST = Sentence("The scorer's host %(host)s is unknown. Check the address.")
PRIVATE_HOST = Sentence("The scorer's host %(host)s has a private address. The setting PRIVATE_SCORERS would allow it.")
UNREACHABLE = Sentence("The scorer can't be reached (%(error)s). Check that it runs, and try again.")
NO_ANSWER = Sentence("The scorer did not answer within %(seconds)s seconds. Make it faster, then try again.")
NOT_SIGNED_IN = Sentence(
    "The scorer refused the request's signature (HTTP status %(status)s). Check that both have the same secret, "
    "and that its clock and this site's agree to within minutes. Its log may say more."
)
REVOKED = Sentence("An admin revoked the scorer's secret. Register the scorer again to ask it.")
REDIRECTS = Sentence(
    "The scorer answered with a redirect (HTTP status %(status)s), which is not followed. Register the address that it"
    " leads to."
)
BAD_STATUS = Sentence("The scorer answered with HTTP status %(status)s instead of 200. Its log may say why.")
BAD_ANSWER = Sentence("The scorer's answer can't be used: %(problem)s")
TOO_LONG = Sentence("it is longer than %(most)s bytes.")
NOT_JSON = Sentence("it is not JSON.")
NO_VERSION = Sentence("“version” must be a text of at most %(most)s characters.")
WRONG_COUNT = Sentence("“p_real” has %(got)s numbers for %(n)s subjects.")
NO_PROBABILITY = Sentence(
    "“p_real” has something that is not a number from 0 to 1. The first is at position %(place)s, counted from 0."
)
OTHER_VERSION = Sentence("The scorer now answers as version %(now)s, not %(before)s. Evaluate it again under Models.")
NOTHING_TO_ASK = Sentence("The survey has no subject that the scorer could be asked about.")
SUBJECT_TOO_LARGE = Sentence("A subject has %(size)s MB of pixels; a scorer is sent %(most)s at most.")
ASKING = Sentence("Asking the external scorer.")

CHECKING_MODEL = Sentence("Checking the imported model.")
UNSOUND_MODEL = Sentence("The imported files can't be used: %(error)s")
NO_FILES = Sentence("The site no longer has the imported files. Import the model again.")
DAMAGED_WEIGHTS = Sentence(
    "The file weights.safetensors is incomplete or damaged. Import the model again from whole files."
)
OTHER_WEIGHTS = Sentence(
    "The files manifest.json and weights.safetensors don't belong together, or one was changed later. Choose both files"
    " of the same model, and import it again."
)
WRONG_MODEL = Sentence("The imported model is not for the role “%(role)s”.")
NO_REAL_CLASS = Sentence("The imported model doesn't say which of its classes are real: some must be, and not all.")
MODEL_KNOWN = Sentence("These files are model %(number)s of this survey. Compare or promote it under Models.")
UNUSABLE_FILES = {
    each.english
    for each in (UNSOUND_MODEL, NO_FILES, DAMAGED_WEIGHTS, OTHER_WEIGHTS, WRONG_MODEL, NO_REAL_CLASS, MODEL_KNOWN)
}
"""What is said of imported files that another attempt would refuse again."""
