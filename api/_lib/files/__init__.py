"""The sample app: documents and recordings that are uploaded, processed and paid for in credits."""
