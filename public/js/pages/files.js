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
  const works = await recall(user.id);
  if (session.user?.id !== user.id) return;
  // The newest is what somebody paid for last.
  const newest = works.at(-1)?.kind;
  upload.resume(
    works.filter(({ kind }) => kind === "upload"),
    { atOnce: atOnce && newest === "upload" },
  );
  const toExport = works.findLast(({ kind }) => kind === "export");
  const exporting = toExport && list.resume(toExport);
  if (atOnce && newest === "export") exporting?.run();
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
