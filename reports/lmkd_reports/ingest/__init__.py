"""The command `ingest`: the text and the page of field logs, which lmkd_core.logs reads."""
