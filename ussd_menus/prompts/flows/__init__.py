"""The operator's flows of prompts, one file each; ``ussd_menus.prompts.registry`` lists them."""
