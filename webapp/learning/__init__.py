"""Learning: training sets, training runs, promotion, scoring and active learning. Free of torch; tasks/ trains."""
