"""The operator's menus, one file each; ``ussd_menus.registry`` lists them."""
