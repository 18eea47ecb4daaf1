import "./site.js";
import "../session/auth-form.js";
import "../files/file-list.js";
import "../files/file-upload.js";
import { loadConfig } from "../lib/config.js";
import { shelf } from "../files/file-shelf.js";
import { recall } from "../store/kept-work.js";
import { notice } from "../lib/notice.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/** Whoever comes back from paying goes on at once; whoever just looks in is asked. */
const GO_ON = "#continue";

const view = /** @type {HTMLElement} */ (document.querySelector(".files-view"));
const upload = /** @type {import("../files/file-upload.js").FileUpload} */ (document.querySelector("file-upload"));
const list = /** @type {import("../files/file-list.js").FileList} */ (document.querySelector("file-list"));

/** Takes up what waits here for this person. */
async function resume() {
  const { user } = session;
  if (!user) return;
  const atOnce = location.hash === GO_ON;
  if (atOnce) history.replaceState(history.state, "", location.pathname);
  const work = await recall(user.id);
  if (!work || session.user?.id !== user.id) return;
  if (work.kind === "upload") return upload.resume(work, { atOnce });
  const exporting = list.resume(work);
  if (atOnce) exporting.run();
}

async function begin() {
  // What cannot be known is tried: the server says if it is switched off.
  const config = await loadConfig().catch(() => null);
  if (config?.files_enabled === false) return view.replaceChildren(notice(t("files.off"), { tone: "info" }));
  shelf.load();
  await resume();
}

session.addEventListener("change", () => {
  /** @type {HTMLElement | null} */ (document.querySelector("h1"))?.focus({ preventScroll: true });
  begin();
});
await begin();
