"""The science of Wanderers: pixels, sky, crowd, simulation and learning, with no site in it."""
