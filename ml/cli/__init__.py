"""The commands of `python -m ml`, the roles' modules and shared options."""
