"""The JSON API below ``/api/v1``: for programs in any language, behind API keys."""
