"""Reports of confirmed, unidentified tracklets to the Minor Planet Center: drafted, checked, signed off, downloaded."""
