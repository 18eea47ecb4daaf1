/** The app's own client. */
export const supabase = window.supabase.createClient("https://supabase.example.com", "publishable-key");
