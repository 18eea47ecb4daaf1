"""Word documents as Word, LibreOffice, pandoc, Google Docs and npm's packages write them."""

ROWS = ()
