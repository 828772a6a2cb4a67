"""Analysis of field logs without a device: which killer killed which process, from logcat and bug reports.

``sources``, ``archives`` and ``encodings`` turn inputs into blocks, ``search`` finds the lines of interest.
``carriers`` is the normaliser: with ``cleaning``, ``headers`` and ``kernel`` it turns a line of any layout
into an entry. ``kinds`` says which parser takes the entry; ``killinfo``, ``lmkd``, ``driver``, ``activity``,
``activity_text``, ``exit_info`` and ``oom`` parse one subject each. ``reading`` accounts for every line,
``joins`` and ``deaths`` combine records, ``summary`` counts.
Logs are untrusted: no content of theirs ends the reading.
"""
