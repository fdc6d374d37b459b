"""Movers in cubes over time: from fluxes through the W-Net to tracks.

`cube` reads a labelled cube, `difference` takes off what stands still, `training` teaches the network, `sliding` runs
it over cubes of any size, `tracks` links what it finds, `known` compares with objects that are known.
"""
