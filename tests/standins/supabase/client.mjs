// Reads with supabase-js as a page does, and prints what it got as JSON. `target` is the gateway, or
// the real PostgREST, which knows neither API keys nor the path /rest/v1.
import { createClient } from "@supabase/supabase-js";

const { target, key, token, serviceToken } = JSON.parse(process.argv[2]);

const asPostgrest = async (input, options) => {
  const url = new URL(input);
  const headers = new Headers(options.headers);
  const authorization = headers.get("Authorization") ?? "";
  if (authorization.startsWith("Bearer sb_")) headers.delete("Authorization");
  if (key.startsWith("sb_secret_")) headers.set("Authorization", `Bearer ${serviceToken}`);
  return fetch(target.url + url.pathname.replace("/rest/v1", "") + url.search, { ...options, headers });
};

// Node.js 20 has none, and supabase-js wants one even where nothing is subscribed to.
globalThis.WebSocket ??= class {};

const supabase = createClient(target.url, key, {
  ...(token && { accessToken: async () => token }),
  ...(target.isPostgrest && { global: { fetch: asPostgrest } }),
});
const wares = () => supabase.from("wares");

const queries = {
  everything: wares().select().order("id"),
  columns: wares().select("id, name, cost:price").order("id").limit(2),
  eq: wares().select("id").eq("name", "anvil").order("id"),
  neq: wares().select("id").neq("name", "anvil").order("id"),
  between: wares().select("id").gte("id", 2).lt("id", 5).gt("id", 1).lte("id", 4).order("id"),
  in: wares().select("id").in("name", ["Bell", 'a,b (c) "d"']).order("id"),
  is: wares().select("id").is("active", null).order("id"),
  like: wares().select("id").like("name", "an%").order("id"),
  ilike: wares().select("id").ilike("name", "BELL"),
  likeAny: wares().select("id").likeAnyOf("name", ["an%", "B%"]).order("id"),
  or: wares().select("id").or("id.eq.1,and(name.eq.Bell,active.is.true)").order("id"),
  not: wares().select("id").not("name", "in", "(anvil,Bell)").order("id"),
  match: wares().select("id").match({ name: "anvil", active: true }).order("id"),
  contains: wares().select("id").contains("tags", ["iron"]).order("id"),
  containsJson: wares().select("id").contains("details", { c: "x" }).order("id"),
  overlaps: wares().select("id").overlaps("tags", ["a", "heavy"]).order("id"),
  textSearch: wares().select("id").textSearch("words", "iron").order("id"),
  json: wares().select("id, details->a->b, details->>c").order("id").limit(2),
  order: wares().select("id").order("name", { ascending: false, nullsFirst: false }).order("id"),
  range: wares().select("id").order("id").range(2, 3),
  count: wares().select("id", { count: "exact" }).order("id").range(0, 1),
  counted: wares().select("*", { count: "exact", head: true }),
  planned: wares().select("id", { count: "planned" }).limit(1),
  estimated: wares().select("id", { count: "estimated" }).limit(1),
  beyond: wares().select("id", { count: "exact" }).range(90, 99),
  single: wares().select("name").eq("id", 1).single(),
  noSingle: wares().select("name").eq("id", 0).single(),
  manySingle: wares().select("name").single(),
  maybe: wares().select("name").eq("id", 1).maybeSingle(),
  nothing: wares().select("name").eq("id", 0).maybeSingle(),
  manyMaybe: wares().select("name").maybeSingle(),
  csv: wares().select("id, name").order("id").limit(3).csv(),
  own: supabase.from("own").select("id, body"),
  view: supabase.from("cheap_wares").select("name").order("id"),
  unknownTable: supabase.from("no_such_table").select(),
  unknownColumn: wares().select("nothing"),
  malformed: wares().select("id").or("id.noop.1"),
  refused: supabase.from("notes").select(),
  call: supabase.rpc("find_wares", { p_name: "anvil" }).select("id").gt("price", 1).order("id"),
  get: supabase.rpc("find_wares", { p_name: "anvil" }, { get: true }).select("id").order("id"),
  head: supabase.rpc("find_wares", { p_name: "anvil" }, { head: true, count: "exact" }),
  insert: wares().insert({ id: 77, name: "x" }),
  insertAndSelect: wares().insert([{ id: 77 }, { id: 78 }]).select(),
  upsert: wares().upsert({ id: 1, name: "x" }),
  update: wares().update({ name: "x" }).eq("id", 1),
  delete: wares().delete().eq("id", 1),
  // A number of JavaScript holds integers up to 2^53 - 1. The row's id is 2^53 + 1.
  asNumber: wares().select("id").eq("name", "big").single(),
  asText: wares().select("id::text").eq("name", "big").single(),
  byText: wares().select("name").eq("id", "9007199254740993").single(),
};

const answers = {};
for (const [name, query] of Object.entries(queries)) {
  const { data, error, count, status } = await query;
  answers[name] = { data, error: error && { ...error }, count, status };
}
console.log(JSON.stringify(answers));
