"""The networks for stamps, tracklets, trails and cubes, and their initial weights."""
