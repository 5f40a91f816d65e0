"""Room 3: the only files that import an HTTP library, one each."""
