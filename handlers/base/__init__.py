"""The kit that services are made of: command, grammar, outcome, service, bus."""
