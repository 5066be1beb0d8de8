"""What the syntheses mean beside each other: change between versions of the data, releases."""
