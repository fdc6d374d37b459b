"""Trail detection in large images: by a trained network or a windowed Radon transform, and tracing."""
