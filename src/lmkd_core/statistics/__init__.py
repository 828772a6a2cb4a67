"""Statistics as pure functions on arrays. Poor data raise no error: they give bounds or no interval."""
