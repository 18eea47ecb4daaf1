import { connection } from "next/server";

import { Summaries } from "./summaries.js";

export default async function Page() {
  await connection(); // The variables are read when somebody comes, not when the app is built.
  const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, PURSE_URL } = process.env;
  return (
    <>
      <h1>Summaries</h1>
      <p>A Next.js app. Its route handler charges credits for each summary.</p>
      <Summaries supabaseUrl={SUPABASE_URL} publishableKey={SUPABASE_PUBLISHABLE_KEY} store={PURSE_URL} />
    </>
  );
}
