"""Movers in cubes over time: from fluxes through the W-Net to tracks.

`cube` reads a labelled cube, `background_subtraction` takes off what stands still, `train_wnet` trains the network,
`sliding_window` runs it over cubes of any size, `tracks` links what it finds, `crossmatch` compares with known objects.
"""
