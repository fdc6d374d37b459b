"""Quality control: find careless volunteers and bots in their answers; every flag states its evidence."""
