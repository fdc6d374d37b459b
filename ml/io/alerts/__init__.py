"""Alert packets: one module per survey."""
