"""One module a verb: options, one call, a report."""
