"""Alert packets: one module a survey."""
