"""From the environment, a TOML file and flags to settings; and what is wrong with each value."""
