"""What can be wrong at the brokers, with the remedy."""

from ml.io.message import Message

NO_BROKER = Message("A broker does not answer. Check the addresses and the network; it is tried again.")
BAD_CREDENTIALS = Message("The brokers refused the credentials. Check KAFKA_USERNAME and KAFKA_PASSWORD.")
NO_TOPIC = Message("The topic is not there, or no longer. Check its name; it is looked for again.")
NOT_THIS_TOPIC = Message("These credentials may not read the topic. Ask its owner for access.")
NOT_THIS_GROUP = Message("These credentials may not use the consumer group. Choose another with --group.")
