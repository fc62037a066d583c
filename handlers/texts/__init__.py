"""Texts that the edge itself says, by id; all other ids stand in the service that says them.

The catalogs beside this file hold every text in Kazakh, Russian and English: ``msgid`` is the id.
"""

from typing import Final

#: A bug: the command was rolled back.
SYSTEM_ERROR: Final = "system.error"
#: Nothing answers at the code that was texted or dialled.
UNKNOWN_CODE: Final = "system.unknown_code"
#: An application's dialogue ends without it.
NO_ANSWER: Final = "ussd.no_answer"
#: A service without a usage text of its own did not understand.
USAGE: Final = "system.usage"
#: What the call control says itself: nobody is at that number; the network could not call back.
NO_ROUTE: Final = "voice.no_route"
NO_EMERGENCY: Final = "voice.no_emergency"
NO_CALLS: Final = "voice.no_calls"
NO_MONEY: Final = "voice.no_money"
MONEY_OVER: Final = "voice.money_over"
CALL_BACK_BUSY: Final = "voice.call_back_busy"
CALL_BACK_SWITCHED_OFF: Final = "voice.call_back_switched_off"
