"""Two runs against each other: ``compare`` tells what differs, ``gate`` whether that is too much.

Above all other layers of ``lmkd_reports``. ``independent`` (pure statistics of two samples that are not
paired), ``metrics`` (what is compared), ``runs`` (which devices, strata and situations both runs have),
``comparison`` (the values), ``environment`` (in what else the runs differ), ``limits`` and ``checks`` (what
a gate allows, and what came of it); ``text``, ``document`` (JSON) and ``junit`` put it into words.
"""
