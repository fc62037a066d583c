"""The control API (interfaces.md "Control API"): FastAPI, one router per noun, problem details."""
