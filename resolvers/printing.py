"""Prints the schema: `python -m resolvers.printing` rewrites schema/schema.graphql, which a test compares."""

from pathlib import Path

from resolvers.root import build_schema

PRINTED = Path(__file__).resolve().parents[1] / "schema" / "schema.graphql"


def print_schema() -> str:
    """The schema as SDL, ended by a line break."""
    return build_schema().as_str() + "\n"


def main() -> None:
    """Rewrite the printed schema."""
    PRINTED.write_text(print_schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
