"""Management commands, the processes of a one-machine site, and the demonstration."""
