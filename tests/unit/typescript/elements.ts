// What an app with the elements may write, and what TypeScript must refuse. test_types.py compiles it with --strict.
import { createClient } from "../../tools/node_modules/@supabase/supabase-js/dist/index.mjs";
import { InsufficientCreditsError, connect } from "../../../public/elements/elements.js";

const purse = connect(createClient("https://abc.supabase.co", "sb_publishable_x"));
connect(() => null);
connect(async () => "token");
connect({ accessToken: async () => "token" });
// @ts-expect-error - a token that never changes
connect("token");
// @ts-expect-error - no getSession
connect({ auth: {} });

document.addEventListener("credits:changed", ({ detail }) => {
  const free: number = detail.available;
  // @ts-expect-error - it is `balance`
  console.log(free, detail.credits);
});
document.addEventListener("credits:sign-in", (event) => {
  event.preventDefault();
  const pack: string | null = event.detail.package;
  console.log(pack);
});

const card = document.createElement("credit-balance");
card.setAttribute("feature", "docx_processing");
card.addEventListener("credits:purchased", ({ detail: { credits, order_id } }) => console.log(credits, order_id));

export async function summary(): Promise<number> {
  try {
    const { balance } = await purse.spend("docx_processing");
    await purse.refresh();
    return balance;
  } catch (error) {
    if (error instanceof InsufficientCreditsError) return error.available - error.required;
    throw error;
  }
}
