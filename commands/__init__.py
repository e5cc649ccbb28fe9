"""The verbs of the command line, one a file; each has `main(words) -> exit status`."""
