"""The catalog: its contract, its rules, and its resolved form."""
