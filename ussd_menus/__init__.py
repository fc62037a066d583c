"""USSD menus: trees as data (``menus``), and a pure engine that steps through them (``engine``)."""
