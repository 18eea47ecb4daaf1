"""The site as one WSGI application: api/ and public/ behind the rules of vercel.json."""
