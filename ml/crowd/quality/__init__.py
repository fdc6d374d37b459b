"""Who to trust: careless answers and bots, found in what was answered when; every flag says what it rests on."""
