"""How many apps die under memory pressure that need not have died."""
