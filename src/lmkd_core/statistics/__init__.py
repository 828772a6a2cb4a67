"""Pure functions on arrays. Poor data is never an error here: it becomes a bound or a missing interval."""
