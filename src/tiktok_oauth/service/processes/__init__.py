"""The processes of a service: a supervisor, one airlock, and web workers."""
