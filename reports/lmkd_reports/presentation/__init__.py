"""Puts an ``Analysis`` into a page (``html``) and a text (``summary``). Nothing here computes measurements.

Both walk the same ``sections``. ``views`` are the values that the templates show.
"""
