"""What Carillon runs on: one folder per port, its adapters beside it."""
