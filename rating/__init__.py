"""Pure vocabulary and arithmetic of the operator: money, numbers, tariffs. No I/O, no clock."""
