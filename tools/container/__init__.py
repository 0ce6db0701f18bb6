"""The container of ``kg serve``."""
