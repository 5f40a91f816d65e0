"""Where rows are kept: one protocol, SQL once, a file for each database."""
