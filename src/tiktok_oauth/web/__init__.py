"""Login behind a website: what is decided is in ``flow``; each framework's file translates."""
