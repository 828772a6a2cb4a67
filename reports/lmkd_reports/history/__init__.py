"""Runs of one build after the other: how each metric went over the builds, and where it changed its level.

Above all other layers of ``lmkd_reports``; what is measured in a run comes from ``gate``. ``series`` (loads
the runs, one at a time), ``changes`` (what changed, corrected for the number of series), ``words``
(sentences and numbers), ``figures``, ``page`` (HTML) and ``text`` (terminal), ``actions`` (the command).
"""
