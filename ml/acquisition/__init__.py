"""Acquisition: which subjects to ask people about next. No torch."""
