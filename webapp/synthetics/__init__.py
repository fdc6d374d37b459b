"""Synthetics: simulated movers drawn into real pixels, as gold subjects for training volunteers."""
