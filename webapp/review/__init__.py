"""Review pages for scientists: consensus browser, disagreements, rulings, calibration, throughput."""
