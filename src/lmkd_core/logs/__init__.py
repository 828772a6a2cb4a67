"""Analysis of field logs without a device: which killer killed which process, from logcat and bug reports.

``sources`` turns files and archives into lines, ``logcat`` and ``kernel`` split a line into time, tag and
message. ``killinfo``, ``lmkd``, ``activity``, ``exit_info`` and ``oom`` parse one subject each. ``reading``
chooses the parser and accounts for every line, ``joins`` and ``deaths`` combine records, ``summary`` counts.
Logs are untrusted: no content of theirs ends the reading.
"""
