"""The SELECT behind each query, in SQLAlchemy Core, compiled once per dialect. Run by the stores' readers."""
