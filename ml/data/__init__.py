"""What models learn from: examples, splits, preprocessing, augmentation, tensors and observing nights."""
