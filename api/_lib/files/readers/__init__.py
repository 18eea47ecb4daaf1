"""Read what people upload: Word documents, plain text, MP3 and WAV."""
