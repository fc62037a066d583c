"""SMPP without sockets: values, codec, framer, session. No I/O and no clock; time is an argument."""
