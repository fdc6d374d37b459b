"""Archive: surveys, subjects, frames, members, and their ingest."""
