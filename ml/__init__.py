"""The science of Wanderers: pixels, sky, crowd, simulation and learning. It does not know the site."""
