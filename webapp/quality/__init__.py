"""Quality: scans for spammers and bots, and the scientists' page about them."""
