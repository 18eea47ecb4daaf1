// What an app may write, and what TypeScript must refuse. test_types.py compiles it with --strict.
import { InsufficientCreditsError, Purse, PurseError, ServerPurse } from "../../../public/purse.js";

const mine = new Purse("https://credits.example.com", { accessToken: async () => "token" });

export async function browser(signal: AbortSignal): Promise<number> {
  const { available, next_expiry } = await mine.balance({ signal });
  const expires: string | undefined = next_expiry?.expires_at;
  const { transactions, next_cursor } = await mine.history({ limit: 5 });
  const kinds: string[] = transactions.map((entry) => entry.kind);
  await mine.history({ cursor: next_cursor ?? undefined });
  const found = await mine.history({ kind: ["purchase", "clawback"], feature: "txt_upload", q: "harbour" });
  const file: string | null | undefined = found.transactions[0]?.file_name;
  if (file) console.log(file);
  // @ts-expect-error - no such kind
  await mine.history({ kind: "sale" });
  const { packages } = await mine.catalogue();
  const { url } = await mine.checkout(packages[0]!.id, { returnUrl: "https://app.example.com/back" });
  const [offer] = await mine.offers({ signal });
  if (offer) await mine.checkout(offer.id);
  const note: string | null | undefined = offer?.note;
  if (note) console.log(note);
  const purchase = await mine.confirmed("cs_test_1");
  if (purchase?.status === "paid") console.log(purchase.credited, url, kinds, expires);
  // @ts-expect-error - no such status
  if (purchase?.status === "unpaid") console.log("never");
  // @ts-expect-error - a feature is needed
  await mine.spend();
  // @ts-expect-error - a page cannot hold credits
  await mine.hold("docx_processing");
  const { transaction_id, replayed } = await mine.spend("docx_processing", { idempotencyKey: "k" });
  const id: string = transaction_id;
  return replayed ? available : id.length;
}

const server = new ServerPurse({ supabaseUrl: "https://abc.supabase.co", secretKey: "sb_secret_x" });

export async function endpoint(user: string): Promise<Response> {
  try {
    const chapters: string[] = await server.paid("docx_processing", user, async (job) => {
      job.charge = 3;
      // @ts-expect-error - credits are a number
      job.charge = "3";
      return ["one", "two"];
    });
    const held = await server.hold("docx_processing", user, { seconds: 60 });
    const { captured } = await server.capture(held.hold_id, { charge: 2, atMost: 9 });
    await server.release(held.hold_id);
    return Response.json({ chapters, captured });
  } catch (error) {
    if (error instanceof InsufficientCreditsError) {
      return Response.json({ missing: error.required - error.available }, { status: 402 });
    }
    if (error instanceof PurseError) return new Response(error.code, { status: error.status || 503 });
    throw error;
  }
}

// @ts-expect-error - the secret key is needed
new ServerPurse({ supabaseUrl: "https://abc.supabase.co" });
