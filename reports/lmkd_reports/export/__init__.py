"""Exports a run for other tools: tables (CSV, Parquet), traces (Perfetto), and the JSON Schema of records.

It needs only ``lmkd_core.records``. ``tables`` defines every column, ``reading`` reads one file of records at
a time, ``rows`` turns records into rows, ``csv`` and ``parquet`` write rows, ``perfetto`` writes traces, and
``schema`` describes the lines of a results directory. docs/records.md describes the files for their readers.
"""
