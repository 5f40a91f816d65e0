"""Many refreshes at a pace: the refresher."""
