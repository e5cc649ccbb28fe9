"""What a caller can ask of Carillon, one verb a file. Doors call them; they know no door."""
