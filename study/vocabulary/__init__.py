"""What every room speaks of: datasets and their variables, errors, random streams, where results came from."""
