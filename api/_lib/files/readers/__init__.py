"""Readers of uploaded files: Word documents, plain text, MP3 and WAV."""
