"""Motion on the sky: great-circle fits, and the features of a tracklet that follow from them."""
