"""Commands of the command line that have more to do than to start something."""
