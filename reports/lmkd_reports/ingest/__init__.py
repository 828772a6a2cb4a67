"""Carries out the command ``ingest``: text and page of the field logs that ``lmkd_core.logs`` reads."""
