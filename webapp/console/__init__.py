"""Commands, the processes of a machine's site, and the demonstration."""
