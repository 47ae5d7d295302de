"""The script that recorded these logs needs libraries that the tests do not have."""

collect_ignore = ["record.py"]
