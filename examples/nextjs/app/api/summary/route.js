import { InsufficientCreditsError, PurseError, ServerPurse } from "../../../lib/purse.js";
import { signedInUser } from "../../../lib/user.js";

const FEATURE = "docx_processing";

/** Makes a summary and charges for it: the credits are spent only if the work succeeds. */
export async function POST(request) {
  const user = await signedInUser(request);
  if (!user) return refuse(401, "unauthorized", "Please sign in.");
  const { text } = await request.json().catch(() => ({}));
  const purse = serverPurse();
  try {
    const summary = await purse.paid(FEATURE, user.id, () => summarise(text));
    const { available } = await purse.balance(user.id);
    return Response.json({ summary, available });
  } catch (error) {
    if (error instanceof NothingToSummariseError) return refuse(400, "no_text", error.message);
    if (error instanceof InsufficientCreditsError) {
      const { available, required } = error;
      return refuse(402, error.code, `This takes ${required} credits, and you have ${available}.`);
    }
    if (error instanceof PurseError) return refuse(503, error.code, "Please try again in a moment.");
    throw error;
  }
}

/** The balance of whoever is signed in. */
export async function GET(request) {
  const user = await signedInUser(request);
  if (!user) return refuse(401, "unauthorized", "Please sign in.");
  return Response.json(await serverPurse().balance(user.id));
}

class NothingToSummariseError extends Error {}

/** Stands for work that takes a while and may fail. */
async function summarise(text) {
  const [sentence] = String(text ?? "").trim().split(/(?<=[.!?])\s/);
  if (!sentence) throw new NothingToSummariseError("There is nothing to summarise. Nothing was charged.");
  return sentence;
}

/** Made per request: while Next.js builds, the variables are not set. */
function serverPurse() {
  return new ServerPurse({ supabaseUrl: process.env.SUPABASE_URL, secretKey: process.env.SUPABASE_SECRET_KEY });
}

function refuse(status, code, message) {
  return Response.json({ error: { code, message } }, { status });
}
