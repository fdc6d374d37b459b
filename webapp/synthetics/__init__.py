"""Synthetics: movers drawn into real pixels, as gold subjects to train volunteers on."""
