"""The demonstration: simulated skies and simulated volunteers go round the real loop, next to a control arm."""
