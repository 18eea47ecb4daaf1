/**
 * Asks Supabase Auth whose access token this is; null if it is nobody's.
 * @param {Request} request
 * @returns {Promise<{ id: string } | null>}
 */
export async function signedInUser(request) {
  const authorization = request.headers.get("authorization");
  if (!authorization) return null;
  const response = await fetch(`${process.env.SUPABASE_URL}/auth/v1/user`, {
    headers: { apikey: process.env.SUPABASE_PUBLISHABLE_KEY, Authorization: authorization },
    cache: "no-store",
  });
  if (response.ok) return response.json();
  if (response.status < 500) return null;
  throw new Error(`Supabase Auth answered ${response.status}.`);
}
