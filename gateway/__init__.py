"""The doors of Carillon: everything that speaks to a caller."""
