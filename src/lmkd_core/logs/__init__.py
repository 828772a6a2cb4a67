"""Field logs without a device: who killed what, read from logcat, dumpsys and bug reports.

``sources`` (files and archives to lines), ``logcat`` (a line to time, tag and message), one parser a subject
(``killinfo``, ``lmkd``, ``activity``, ``exit_info``), ``reading`` (which parser a line is for, and every line
accounted for), ``summary`` (cascades, shares). Logs are untrusted: nothing in them ends the reading.
"""
