"""What was found, and how well: a tracklet's motion, the night report, and the discovery figures."""
