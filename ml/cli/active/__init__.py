"""The benchmark of acquisition: simulated skies and volunteers, heads on frozen features, every rule against random."""
