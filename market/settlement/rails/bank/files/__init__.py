"""Files of banks: what statements say, whatever dialect they are written in."""
