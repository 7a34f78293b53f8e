"""Texts to token counts, with the vocabularies that come with the package and never the network."""
