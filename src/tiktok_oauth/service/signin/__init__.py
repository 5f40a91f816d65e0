"""Who is asking: signed sessions, forms that only our pages can send, and the ways to sign in."""
