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
NOT_THIS_GROUP = Sentence(
    gettext_noop("These credentials may not use the consumer group. Choose another with --group.")
)()
