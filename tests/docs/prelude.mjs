// What a snippet of the docs may rely on: a signed-in user and supabase-js. Writes every HTTP answer
// that the snippet receives to the file ANSWERS, and what it tells to the file TOLD.
import { appendFileSync } from "node:fs";

import { createClient } from "@supabase/supabase-js";

const env = process.env;
const send = globalThis.fetch;

// With POSTGREST_URL, the user's requests go to the real PostgREST instead of the local gateway. It does
// not know the API keys with which a server calls.
function target(url, options) {
  const { origin, pathname, search } = new URL(url, env.SITE_URL);
  const isUser = new Headers(options?.headers).get("Authorization") === `Bearer ${env.ACCESS_TOKEN}`;
  const isRest = origin === env.SUPABASE_URL && pathname.startsWith("/rest/v1/");
  return env.POSTGREST_URL && isUser && isRest
    ? env.POSTGREST_URL + pathname.replace("/rest/v1", "") + search
    : origin + pathname + search;
}

globalThis.fetch = async (url, options) => {
  const response = await send(target(url, options), options);
  appendFileSync(env.ANSWERS, `${JSON.stringify(await response.clone().json())}\n`);
  return response;
};

// Node.js 20 has none, and supabase-js wants one even where nothing is subscribed to.
globalThis.WebSocket ??= class {};

Object.assign(globalThis, {
  accessToken: env.ACCESS_TOKEN,
  userId: env.USER_ID,
  tell: (value) => appendFileSync(env.TOLD, `${JSON.stringify(value)}\n`),
  supabase: createClient(env.SUPABASE_URL, env.SUPABASE_PUBLISHABLE_KEY, {
    accessToken: async () => env.ACCESS_TOKEN,
  }),
});
