"""Two runs compared: ``compare`` reports the differences, ``gate`` fails if they exceed its limits.

``runs`` (the devices that both runs have), ``comparison`` (the values), ``environment`` (other differences of
the runs), ``limits`` and ``checks`` (the limits of a gate, and their outcomes). ``text``, ``document``
(JSON), ``junit`` and ``page`` (HTML) show them. The metrics come from ``lmkd_reports.metrics``.
"""
