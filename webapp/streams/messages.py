"""What can be wrong with a stream, with the remedy."""

from django.utils.translation import gettext_noop

from webapp.core.stored_messages import Sentence

NO_BROKER = Sentence(
    gettext_noop("A broker does not answer. Check the addresses and the network; it is tried again.")
)()
BAD_CREDENTIALS = Sentence(
    gettext_noop("The brokers refused the credentials. Check KAFKA_USERNAME and KAFKA_PASSWORD.")
)()
NO_TOPIC = Sentence(gettext_noop("The topic is not there, or no longer. Check its name; it is looked for again."))()
NOT_THIS_TOPIC = Sentence(gettext_noop("These credentials may not read the topic. Ask its owner for access."))()
NO_API = Sentence(gettext_noop("The API does not answer (%(error)s). Check its status; it is asked again."))
API_BUSY = Sentence(gettext_noop("The API answered with status %(status)s. It is asked again, less often."))
NO_ACCESS = Sentence(
    gettext_noop(
        "The API refused access (status %(status)s). It may want credentials, or block this site: ask its owner."
    )
)
NOT_THERE = Sentence(
    gettext_noop("The API has nothing at %(address)s (status %(status)s). Check the name of the list.")
)
BAD_REPLY = Sentence(gettext_noop("The API's answer cannot be used (%(problem)s). It is asked again."))
TOO_LONG = Sentence(gettext_noop("it is longer than %(most)s"))
HOST_NOT_ALLOWED = Sentence(
    gettext_noop(
        "The host %(host)s is not in the setting REMOTE_HOSTS, or not at https://. Nothing is fetched from it."
    )
)
HOST_PRIVATE = Sentence(gettext_noop("The host %(host)s has a private address. Nothing is fetched from it."))
NOT_FETCHED = Sentence(gettext_noop("The alert %(name)s is listed but cannot be fetched. %(problem)s"))
EXPIRED = Sentence(
    gettext_noop(
        "%(count)s messages from here on expired at the brokers before they were read. Listen without long breaks, or "
        "ask the topic's owner to keep messages longer."
    )
)
CREATED_ANEW = Sentence(
    gettext_noop("The topic has begun anew: it was deleted and created again. It is read from its beginning.")
)()
NOT_THIS_GROUP = Sentence(
    gettext_noop("These credentials may not use the consumer group. Choose another with --group.")
)()
