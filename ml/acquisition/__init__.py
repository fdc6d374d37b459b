"""Acquisition: which subjects to ask people about next. One implementation for site, benchmark and command line.

`rules` says what a vote on each subject is worth, `choose` makes a batch of it. No torch.
"""
