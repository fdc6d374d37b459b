"""Motion on the sky: great-circle fits, and a tracklet's features from them."""
