// What a snippet of the docs may rely on: a signed-in user and supabase-js. Writes every HTTP answer
// that the snippet receives to the file ANSWERS.
import { appendFileSync } from "node:fs";

import { createClient } from "@supabase/supabase-js";

const env = process.env;
const send = globalThis.fetch;

// The local gateway has functions but no tables, so reads of tables go to the real PostgREST.
function target(url) {
  const { origin, pathname, search } = new URL(url, env.SITE_URL);
  const isTable = origin === env.SUPABASE_URL && /^\/rest\/v1\/(?!rpc\/)/.test(pathname);
  return isTable ? env.POSTGREST_URL + pathname.replace("/rest/v1", "") + search : origin + pathname + search;
}

globalThis.fetch = async (url, options) => {
  const response = await send(target(url), options);
  appendFileSync(env.ANSWERS, `${await response.clone().text()}\n`);
  return response;
};

// Node.js 20 has none, and supabase-js wants one even where nothing is subscribed to.
globalThis.WebSocket ??= class {};

Object.assign(globalThis, {
  accessToken: env.ACCESS_TOKEN,
  userId: env.USER_ID,
  supabase: createClient(env.SUPABASE_URL, env.SUPABASE_PUBLISHABLE_KEY, {
    accessToken: async () => env.ACCESS_TOKEN,
  }),
});
