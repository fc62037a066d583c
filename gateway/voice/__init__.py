"""Voice as signalling: legs and calls, prompts and keys. No audio, no sockets, no clock."""
