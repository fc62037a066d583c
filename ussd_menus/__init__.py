"""USSD menu trees as data. Single screens, which are all there is so far, are plain replies of services."""
