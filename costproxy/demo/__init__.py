"""A simulated upstream and simulated applications: a first look without an API key."""
