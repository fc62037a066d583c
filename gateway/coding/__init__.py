"""Texts and octets: alphabets, data_coding, user data headers, segments, screens. No I/O, no clock."""
