"""From usage to money: the catalogue of models and prices, names, limits and cost."""
