"""Motion fits, known objects, orbits, linking, parallax, MOC, ADES and obs80. No torch."""
