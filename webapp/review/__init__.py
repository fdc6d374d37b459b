"""Review: the scientists' desk: consensus browser, disagreements, rulings, calibration, throughput."""
