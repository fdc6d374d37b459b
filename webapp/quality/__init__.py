"""Quality: scans for spammers and bots, and their page for scientists."""
