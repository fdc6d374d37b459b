"""Movers in cubes over time: from fluxes through the W-Net to tracks.

`cube` reads a labelled cube, `background_subtraction` and `input_channels` prepare it, `train` trains the network,
`sliding_window` runs it over cubes of any size, `tracks` links its detections, and `crossmatch` compares them with
known objects.
"""
