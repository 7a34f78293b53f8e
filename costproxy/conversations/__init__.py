"""Which requests belong to one conversation, how it grows, and what it will come to."""
