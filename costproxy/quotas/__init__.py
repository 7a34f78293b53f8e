"""Rate limits as they stand, and what clients make of being refused; values in, values out, time is an argument."""
