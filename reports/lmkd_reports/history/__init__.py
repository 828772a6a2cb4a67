"""Finds the builds between which a metric changed, from one run per build.

This package is the top layer of ``lmkd_reports``; ``gate`` defines the metrics. ``series`` loads the runs one
at a time, ``changes`` tests the series, ``words`` makes sentences and numbers, ``figures`` draws, ``page``
makes HTML, ``text`` makes the terminal's text, and ``write`` carries out the command.
"""
