"""Ground-based images with short trails."""
