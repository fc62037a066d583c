"""One file per service. A handler is a plain function: ``handle(command, uow, context) -> Outcome``."""
