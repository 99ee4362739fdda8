"""LibreTranslate's REST API."""
