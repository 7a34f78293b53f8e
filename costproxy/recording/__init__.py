"""Where turns go: metrics and the log; the recorder hands each turn to all of them."""
