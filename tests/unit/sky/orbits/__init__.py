"""Elements and places for tests.

`mpcorb.dat` has real elements of 20 numbered asteroids, 8 of them near-Earth. `places.csv` has where they are seen from
the Earth's centre, so many days after MJD 61000.0 TDB, with light-time, by an independent propagation: REBOUND 4.6
(IAS15) with Sun, planets and Moon of JPL's DE440, and DE440's Earth.
"""
