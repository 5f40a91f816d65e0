"""One refresh from its claim to the write, over ports; and what is done about the dead."""
