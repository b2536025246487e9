"""Dialogues that span rows, made into records: utterance tables and message trees; `gather.py` chooses."""
