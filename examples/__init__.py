"""Apps that sell and spend credits from another origin than Purse's."""
