"use client";

import { useEffect, useState } from "react";

/** Sign-in, balance and the paid button. A real app signs people in with supabase-js. */
export function Summaries({ supabaseUrl, publishableKey, store }) {
  const [token, setToken] = useState(null);
  const [balance, setBalance] = useState(null);
  const [status, setStatus] = useState("");
  const [isBusy, setBusy] = useState(true);

  // Until React is there, the browser itself would send the form, and the password in the address.
  useEffect(() => setBusy(false), []);

  async function during(work) {
    setBusy(true);
    try {
      setStatus((await work()) ?? "");
    } catch (error) {
      setStatus(error.message);
    } finally {
      setBusy(false);
    }
  }

  const signIn = async (form) => {
    const answer = await askJson(`${supabaseUrl}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: { apikey: publishableKey, "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(form)),
    });
    const headers = { Authorization: `Bearer ${answer.access_token}` };
    setBalance((await askJson("/api/summary", { headers })).available);
    setToken(answer.access_token);
  };

  const summarise = async (form) => {
    const { summary, available } = await askJson("/api/summary", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ text: form.get("text") }),
    });
    setBalance(available);
    return `Summary: ${summary}`;
  };

  const submit = (work) => (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void during(() => work(form));
  };

  return (
    <>
      {token === null ? (
        <form onSubmit={submit(signIn)}>
          <label>
            E-mail <input name="email" type="email" autoComplete="username" required />
          </label>
          <label>
            Password <input name="password" type="password" autoComplete="current-password" required />
          </label>
          <button disabled={isBusy}>Sign in</button>
        </form>
      ) : (
        <form onSubmit={submit(summarise)}>
          <p>
            You have <strong>{balance.toLocaleString("en")} credits</strong>. <a href={store}>Buy credits</a>
          </p>
          <label>
            Text <textarea name="text" rows={6} defaultValue="Credits are bought in packs. They are spent as you go." />
          </label>
          <button disabled={isBusy}>Summarise</button>
        </form>
      )}
      <p role="status">{status}</p>
    </>
  );
}

async function askJson(url, init) {
  const response = await fetch(url, init);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? answer.msg ?? "That did not work.");
  return answer;
}
