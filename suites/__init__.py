"""The pytest suites that users run on their devices; in the wheel they are called lmkd_suites."""
