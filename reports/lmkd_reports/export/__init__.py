"""A run for other tools: its records as tables (CSV, Parquet), as traces (Perfetto), and their JSON Schema.

Beside ``analysis``, on ``records`` alone. ``tables`` (every column, in one place), ``reading`` (one file of
records at a time), ``rows`` (from records to rows), ``csv`` and ``parquet`` (from rows to files), ``schema``
(what a line of a results directory may look like). docs/records.md is for those who read the files.
"""
