"""Training data: examples, splits, preprocessing, augmentation, tensors and observing nights."""
