/** The smallest sign-in with Supabase Auth. A real app uses supabase-js, which also renews tokens. */
export const PASSWORD_GRANT = "/auth/v1/token?grant_type=password";
const PLACE = "access_token";

export const session = {
  get token() {
    return sessionStorage.getItem(PLACE);
  },
  get isOpen() {
    return this.token !== null;
  },
  async open(url, apikey, email, password) {
    const headers = { apikey, "Content-Type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ email, password }) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.msg ?? "The sign-in was refused.");
    sessionStorage.setItem(PLACE, answer.access_token);
  },
  close() {
    sessionStorage.removeItem(PLACE);
  },
};
