"""Numbers, names and text as readers see them: used by every page and every text."""
