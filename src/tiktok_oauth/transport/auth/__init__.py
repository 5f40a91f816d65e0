"""A fresh access token on the requests of any HTTP client: one file for each library."""
